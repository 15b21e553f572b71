// Outlines of a mask: its outermost pixels where it is shown reduced, lines between pixels from actual size on.

/** Width of a line in device pixels. */
const LINE_PX = 1.5;

/**
 * Writes two colours: one where a crack pixel has a neighbour that is none, another where it has not; rows packed.
 * @param {import("./levels.js").Level} level
 * @param {import("./levels.js").Rect} rect in pixels of the level
 * @param {number} cut least value that is crack
 * @param {[number, number]} colours of edge and inside, as they stand in an ImageData seen as Uint32Array
 * @param {Uint32Array} out at least width × height
 */
export function paintEdged({ data, width, height }, rect, cut, [edge, inside], out) {
  let to = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const at = y * width + x;
      if (data[at] < cut) {
        out[to++] = 0;
        continue;
      }
      const open =
        (x > 0 && data[at - 1] < cut) ||
        (x + 1 < width && data[at + 1] < cut) ||
        (y > 0 && data[at - width] < cut) ||
        (y + 1 < height && data[at + width] < cut);
      out[to++] = open ? edge : inside;
    }
  }
}

/**
 * Draws lines between crack pixels and others.
 * @param {CanvasRenderingContext2D} context
 * @param {{scale: number, x: number, y: number}} view
 * @param {import("./levels.js").Level} level of the photograph's own size
 * @param {import("./levels.js").Rect} rect in its pixels
 * @param {number} cut least value that is crack
 * @param {string} colour
 */
export function strokeEdges(context, view, { data, width, height }, rect, cut, colour) {
  context.beginPath();
  const [sx, sy] = [(x) => x * view.scale + view.x, (y) => y * view.scale + view.y];
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const at = y * width + x;
      const crack = data[at] >= cut;
      if (x + 1 < width && data[at + 1] >= cut !== crack) {
        context.moveTo(sx(x + 1), sy(y));
        context.lineTo(sx(x + 1), sy(y + 1));
      }
      if (y + 1 < height && data[at + width] >= cut !== crack) {
        context.moveTo(sx(x), sy(y + 1));
        context.lineTo(sx(x + 1), sy(y + 1));
      }
    }
  }
  context.strokeStyle = colour;
  context.lineWidth = LINE_PX;
  context.stroke();
}
