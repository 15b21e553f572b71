// Draws what can be seen of one photograph with its mask. The canvas has the size of the window, never of the
// photograph: iOS refuses canvases over 16.7 megapixels.
import { cutOf, paintMask } from "./levels.js";

/** Long side of the reduced copy that serves zoomed-out views; large photographs are slow to scale on every redraw. */
const REDUCED_SIDE = 2560;
/** From this scale on, photograph pixels are shown as squares. */
const SQUARES_FROM = 3;

/** One photograph with its mask, ready to be drawn. */
export class Scene {
  /** @param {{levels: import("./levels.js").Level[], counts: Uint32Array}} map */
  constructor(photo, reduced, map) {
    Object.assign(this, { photo, reduced, ...map });
    this.scratch = document.createElement("canvas");
    this.painted = "";
    this.backdrop = document.createElement("canvas");
    this.place = "";
  }

  /**
   * Fetches photograph and probability map.
   * @param {string} base address of the prediction's pictures
   * @param {AbortSignal} signal
   */
  static async load(base, width, height, signal) {
    const [map, [photo, reduced]] = await Promise.all([
      loadMap(new URL(`${base}/probabilities.u16`, location.href).href, width, height, signal),
      loadPhoto(`${base}/photo`),
    ]);
    return new Scene(photo, reduced, map);
  }

  /** Share of the area, 0 to 1, that is crack at a threshold. */
  share(threshold) {
    return this.counts[cutOf(threshold)] / this.levels[0].data.length;
  }

  /** Probability at a photograph pixel. */
  probability({ x, y }) {
    return this.levels[0].data[y * this.levels[0].width + x] / 65535;
  }

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./view.js").View} view
   * @param {{threshold: number, opacity: number, colour: string, hidden: boolean}} style
   */
  draw(canvas, view, style) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const placed = snap(view);
    const seen = visible(placed);
    if (seen.width <= 0 || seen.height <= 0) return;
    // The photograph is the slow part and stays the same while threshold, opacity or colour move.
    const place = [canvas.width, canvas.height, placed.scale, placed.x, placed.y].join();
    if (place !== this.place) {
      Object.assign(this.backdrop, { width: canvas.width, height: canvas.height });
      this.#drawPhoto(this.backdrop.getContext("2d"), placed, seen);
      this.place = place;
    }
    context.drawImage(this.backdrop, 0, 0);
    if (!style.hidden && style.opacity > 0) this.#drawMask(context, placed, seen, style);
  }

  #drawPhoto(context, view, seen) {
    const enough = this.reduced && view.scale * view.photoWidth <= this.reduced.width;
    const source = enough ? this.reduced : this.photo;
    const rx = (source.naturalWidth ?? source.width) / view.photoWidth;
    const ry = (source.naturalHeight ?? source.height) / view.photoHeight;
    context.imageSmoothingEnabled = view.scale < SQUARES_FROM;
    context.imageSmoothingQuality = "medium";
    context.drawImage(source, seen.x * rx, seen.y * ry, seen.width * rx, seen.height * ry, ...onScreen(view, seen, 1));
  }

  #drawMask(context, view, seen, { threshold, opacity, colour }) {
    // The coarsest level whose pixels are no smaller than the screen's: each of them is drawn, none is skipped.
    const index = Math.min(Math.max(0, Math.ceil(Math.log2(1 / view.scale))), this.levels.length - 1);
    const level = this.levels[index];
    const size = 2 ** index;
    const x = Math.floor(seen.x / size);
    const y = Math.floor(seen.y / size);
    const rect = {
      x,
      y,
      width: Math.min(level.width, Math.ceil((seen.x + seen.width) / size)) - x,
      height: Math.min(level.height, Math.ceil((seen.y + seen.height) / size)) - y,
    };
    this.#paint(level, index, rect, cutOf(threshold), colour);
    context.save();
    context.beginPath();
    context.rect(...onScreen(view, seen, 1));
    context.clip();
    context.globalAlpha = opacity;
    context.imageSmoothingEnabled = view.scale < 1;
    context.drawImage(this.scratch, 0, 0, rect.width, rect.height, ...onScreen(view, rect, size));
    context.restore();
  }

  /** Fills the scratch canvas unless it already holds just this. */
  #paint(level, index, rect, cut, colour) {
    const wanted = [index, rect.x, rect.y, rect.width, rect.height, cut, colour].join();
    if (wanted === this.painted) return;
    const { scratch } = this;
    if (scratch.width < rect.width) scratch.width = rect.width;
    if (scratch.height < rect.height) scratch.height = rect.height;
    const pixels = rect.width * rect.height;
    if (!this.buffer || this.buffer.length < pixels) this.buffer = new Uint32Array(pixels);
    const [red, green, blue] = [0, 2, 4].map((i) => parseInt(colour.slice(i, i + 2), 16));
    paintMask(level, rect, cut, ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0, this.buffer);
    const bytes = new Uint8ClampedArray(this.buffer.buffer, 0, pixels * 4);
    scratch.getContext("2d").putImageData(new ImageData(bytes, rect.width, rect.height), 0, 0);
    this.painted = wanted;
  }

  /** Gives memory back at once instead of at the next collection. */
  close() {
    this.reduced?.close();
    for (const canvas of [this.scratch, this.backdrop]) canvas.width = canvas.height = 0;
    this.photo.src = "";
  }
}

/** On whole screen pixels, so that actual size is sharp; the view itself keeps fractions, so that slow drags add up. */
function snap({ photoWidth, photoHeight, width, height, scale, x, y }) {
  return { photoWidth, photoHeight, width, height, scale, x: Math.round(x), y: Math.round(y) };
}

/** Part of the photograph inside the window, in photograph pixels. */
function visible(view) {
  const x = Math.max(0, -view.x / view.scale);
  const y = Math.max(0, -view.y / view.scale);
  return {
    x,
    y,
    width: Math.min(view.photoWidth, (view.width - view.x) / view.scale) - x,
    height: Math.min(view.photoHeight, (view.height - view.y) / view.scale) - y,
  };
}

function onScreen(view, rect, size) {
  const s = view.scale * size;
  return [rect.x * s + view.x, rect.y * s + view.y, rect.width * s, rect.height * s];
}

async function loadPhoto(url) {
  const photo = new Image();
  photo.src = url;
  await photo.decode();
  const longSide = Math.max(photo.naturalWidth, photo.naturalHeight);
  if (longSide <= REDUCED_SIDE) return [photo, null];
  const ratio = REDUCED_SIDE / longSide;
  const reduced = await createImageBitmap(photo, {
    resizeWidth: Math.round(photo.naturalWidth * ratio),
    resizeHeight: Math.round(photo.naturalHeight * ratio),
    resizeQuality: "high",
  }).catch(() => null);
  return [photo, reduced];
}

function loadMap(url, width, height, signal) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./levels-worker.js", import.meta.url), { type: "module" });
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    worker.addEventListener("message", ({ data }) => (data.error ? end(reject, new Error(data.error)) : end(resolve, data)));
    worker.addEventListener("error", () => end(reject, new Error("The probability map could not be read.")));
    signal.addEventListener("abort", () => end(reject, signal.reason));
    worker.postMessage({ url, width, height });
  });
}
