// Traces off the page's thread: a large photograph takes tenths of a second to read.
import { readPixels } from "./png.js";
import { Tracer } from "./trace.js";

/** sRGB value to linear light × 65535. */
const LINEAR = Float64Array.from({ length: 256 }, (_, v) => 65535 * (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));

let tracer = null;

addEventListener("message", async ({ data: { id, load, from, to, reach } }) => {
  try {
    if (load) tracer = await read(load);
    postMessage({ id, line: load ? null : tracer.trace(from, to, reach) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});

async function read({ base, width, height, cut }) {
  const [photo, map] = await Promise.all([fetch(`${base}/photo`), fetch(`${base}/probabilities.u16`)]);
  if (!photo.ok) throw new Error(`The photograph did not come: ${photo.status}.`);
  const light = new Uint16Array(width * height);
  await readPixels(await photo.blob(), width, height, (rgba, first) => {
    for (let i = 0; i < rgba.length / 4; i++) {
      light[first + i] = 0.2126 * LINEAR[rgba[4 * i]] + 0.7152 * LINEAR[rgba[4 * i + 1]] + 0.0722 * LINEAR[rgba[4 * i + 2]] + 0.5;
    }
  });
  // The map makes room for newer ones after a while; the photograph tells enough to go on.
  const probabilities = map.ok ? new Uint16Array(await map.arrayBuffer()) : null;
  const fits = probabilities?.length === width * height;
  return new Tracer({ width, height, light, probabilities: fits ? probabilities : null, cut });
}
