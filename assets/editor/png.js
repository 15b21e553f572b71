// Masks as PNG: written with one bit a pixel, so that nothing on the way can round them; read in strips, because some
// browsers refuse canvases as large as a photograph.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Rows that are read at a time cover about this many pixels. */
const STRIP_PIXELS = 4e6;

const CRC = new Uint32Array(256).map((_, n) => {
  for (let i = 0; i < 8; i++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc(bytes) {
  let c = 0xffffffff;
  for (const byte of bytes) c = (c >>> 8) ^ CRC[(c ^ byte) & 255];
  return ~c >>> 0;
}

/**
 * A mask as PNG, 1-bit grey: crack is white.
 * @param {Uint8Array} data 0 or 1, row by row
 * @returns {Promise<Blob>}
 */
export async function encodeMask(data, width, height) {
  const stride = Math.ceil(width / 8) + 1;
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const [from, to] = [y * width, y * stride + 1];
    for (let x = 0; x < width; x++) if (data[from + x]) rows[to + (x >> 3)] |= 128 >> (x & 7);
  }
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 1;
  return new Blob([new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", body), chunk("IEND", new Uint8Array())], { type: "image/png" });
}

function chunk(name, body) {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/**
 * A mask from PNG: what is at least half white is crack.
 * @param {Blob} blob
 * @returns {Promise<Uint8Array>} 0 or 1, row by row
 * @throws {Error} if its size is another
 */
export async function decodeMask(blob, width, height) {
  const data = new Uint8Array(width * height);
  await readPixels(blob, width, height, (rgba, first) => {
    for (let i = 0; i < rgba.length / 4; i++) data[first + i] = rgba[4 * i] >> 7;
  });
  return data;
}

/**
 * Gives the pixels of a picture strip by strip.
 * @param {Blob} blob
 * @param {(rgba: Uint8ClampedArray, first: number) => void} take gets each strip and the index of its first pixel
 * @throws {Error} if its size is another
 */
export async function readPixels(blob, width, height, take) {
  const picture = await createImageBitmap(blob);
  if (picture.width !== width || picture.height !== height) {
    throw new Error(`The picture has ${picture.width} × ${picture.height} pixels, not ${width} × ${height}.`);
  }
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP_PIXELS / width)));
  const context = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
  for (let y = 0; y < height; y += rows) {
    const count = Math.min(rows, height - y);
    context.clearRect(0, 0, width, rows);
    context.drawImage(picture, 0, y, width, count, 0, 0, width, count);
    take(context.getImageData(0, 0, width, count).data, y * width);
  }
  picture.close();
}
