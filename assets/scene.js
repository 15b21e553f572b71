// Draws what can be seen of one photograph with its mask. The canvas has the size of the window, never of the
// photograph: iOS refuses canvases over 16.7 megapixels.
import { cutOf, paintMask } from "./levels.js";
import { paintEdged, strokeEdges } from "./edges.js";

/** Long side of the reduced copy that serves zoomed-out views; large photographs are slow to scale on every redraw. */
const REDUCED_SIDE = 2560;
/** From this scale on, photograph pixels are shown as squares. */
const SQUARES_FROM = 3;

/**
 * How the mask is drawn. A pixel is crack at `threshold`, a probability, or from the value `cut` on, if that is given.
 * @typedef {{threshold?: number, cut?: number, opacity: number, colour: string, hidden: boolean, outlined?: boolean}} Style
 */

/** One photograph with its mask, ready to be drawn. */
export class Scene {
  /** @param {{levels: import("./levels.js").Level[], counts?: Uint32Array}} map */
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
   * @param {Style} style
   */
  draw(canvas, view, style) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    const placed = snap(view);
    const seen = visible(placed);
    if (seen.width <= 0 || seen.height <= 0) return;
    this.#drawSeen(canvas, placed, seen, style);
  }

  /** The mask has changed within `rect`, in photograph pixels; draws anew just what shows of it. */
  drawChanged(canvas, view, style, rect) {
    const placed = snap(view);
    const seen = visible(placed);
    const index = levelOf(placed, this.levels);
    if (this.stale || this.painted !== this.#paintKey(index, levelRect(seen, this.levels[index], index), style)) {
      this.stale = true;
      return this.draw(canvas, view, style);
    }
    // Neighbours of changed pixels may get or lose an edge, and smoothing reaches as far again.
    const margin = 2 * 2 ** index;
    const wide = { x: rect.x - margin, y: rect.y - margin, width: rect.width + 2 * margin, height: rect.height + 2 * margin };
    const part = intersection(wide, seen);
    if (!part) return;
    this.#paintPart(index, levelRect(seen, this.levels[index], index), levelRect(part, this.levels[index], index), style);
    const [left, top, width, height] = onScreen(placed, part, 1);
    const context = canvas.getContext("2d");
    context.save();
    context.beginPath();
    context.rect(Math.floor(left), Math.floor(top), Math.ceil(left + width) - Math.floor(left), Math.ceil(top + height) - Math.floor(top));
    context.clip();
    this.#drawSeen(canvas, placed, seen, style, part);
    context.restore();
  }

  /** The mask is another one, or has changed where it was not drawn. */
  setLevels(levels) {
    this.levels = levels;
    this.stale = true;
  }

  #drawSeen(canvas, placed, seen, style, part = seen) {
    const context = canvas.getContext("2d");
    // The photograph is the slow part and stays the same while threshold, opacity or colour move.
    const place = [canvas.width, canvas.height, placed.scale, placed.x, placed.y].join();
    if (place !== this.place) {
      Object.assign(this.backdrop, { width: canvas.width, height: canvas.height });
      this.#drawPhoto(this.backdrop.getContext("2d"), placed, seen);
      this.place = place;
    }
    context.drawImage(this.backdrop, 0, 0);
    if (!style.hidden && (style.opacity > 0 || style.outlined)) this.#drawMask(context, placed, seen, style, part);
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

  #drawMask(context, view, seen, style, part) {
    const index = levelOf(view, this.levels);
    const level = this.levels[index];
    const rect = levelRect(seen, level, index);
    this.#paint(index, rect, style);
    context.save();
    context.beginPath();
    context.rect(...onScreen(view, seen, 1));
    context.clip();
    context.globalAlpha = style.outlined && index > 0 ? 1 : style.opacity;
    context.imageSmoothingEnabled = view.scale < 1;
    context.drawImage(this.scratch, 0, 0, rect.width, rect.height, ...onScreen(view, rect, 2 ** index));
    context.globalAlpha = 1;
    if (style.outlined && index === 0) strokeEdges(context, view, level, levelRect(part, level, index), cutIn(style), `#${style.colour}`);
    context.restore();
  }

  /** Fills the scratch canvas unless it already holds just this. */
  #paint(index, rect, style) {
    const wanted = this.#paintKey(index, rect, style);
    if (wanted === this.painted && !this.stale) return;
    const { scratch } = this;
    if (scratch.width < rect.width) scratch.width = rect.width;
    if (scratch.height < rect.height) scratch.height = rect.height;
    this.#paintPart(index, rect, rect, style);
    this.painted = wanted;
    this.stale = false;
  }

  /** Everything that decides what the scratch canvas holds. */
  #paintKey(index, { x, y, width, height }, style) {
    // Reduced, an outline is the outermost pixels; from actual size on it is a line, which the scratch canvas has not.
    const edges = style.outlined && index > 0 ? style.opacity : "";
    return [index, x, y, width, height, cutIn(style), style.colour, edges].join();
  }

  /** Paints `part` of a level into the scratch canvas, whose corner is that of `rect`. */
  #paintPart(index, rect, part, style) {
    const pixels = part.width * part.height;
    if (!this.buffer || this.buffer.length < pixels) this.buffer = new Uint32Array(pixels);
    const [red, green, blue] = [0, 2, 4].map((i) => parseInt(style.colour.slice(i, i + 2), 16));
    const colour = (alpha) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    const level = this.levels[index];
    if (style.outlined && index > 0) paintEdged(level, part, cutIn(style), [colour(255), colour(Math.round(255 * style.opacity))], this.buffer);
    else paintMask(level, part, cutIn(style), colour(255), this.buffer);
    const bytes = new Uint8ClampedArray(this.buffer.buffer, 0, pixels * 4);
    this.scratch.getContext("2d").putImageData(new ImageData(bytes, part.width, part.height), part.x - rect.x, part.y - rect.y);
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

/** The coarsest level whose pixels are no smaller than the screen's: each of them is drawn, none is skipped. */
function levelOf(view, levels) {
  return Math.min(Math.max(0, Math.ceil(Math.log2(1 / view.scale))), levels.length - 1);
}

/** A rectangle of the photograph in whole pixels of a level. */
function levelRect(rect, level, index) {
  const size = 2 ** index;
  const [x, y] = [Math.floor(rect.x / size), Math.floor(rect.y / size)];
  const [right, bottom] = [Math.ceil((rect.x + rect.width) / size), Math.ceil((rect.y + rect.height) / size)];
  return { x, y, width: Math.min(level.width, right) - x, height: Math.min(level.height, bottom) - y };
}

function intersection(a, b) {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const [right, bottom] = [Math.min(a.x + a.width, b.x + b.width), Math.min(a.y + a.height, b.y + b.height)];
  return x < right && y < bottom ? { x, y, width: right - x, height: bottom - y } : null;
}

function cutIn(style) {
  return style.cut ?? cutOf(style.threshold);
}

/**
 * Fetches a photograph.
 * @param {string} url
 * @returns {Promise<[HTMLImageElement, ImageBitmap | null]>} with a reduced copy, if it is large
 */
export async function loadPhoto(url) {
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
