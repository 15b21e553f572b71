// How much each pixel looks like crack: the probability map, and where it is silent the darkness of the photograph.

/** Side of the square with whose mean a pixel's light is compared, in pixels. */
const AROUND = 49;
/** What darkness alone can amount to, as a share of certainty. */
const DARKNESS_SHARE = 0.75;
/** A pixel is as dark as a crack gets when it takes this share of the light around it. */
const DARK = 0.35;
/** Light is compared with at least this, so that noise in the dark is no crack. */
const LEAST_LIGHT = 0.004;
/** Evidence is computed and kept in squares of this side. */
const BLOCK = 256;

/**
 * @typedef {object} Picture
 * @property {number} width in pixels
 * @property {number} height in pixels
 * @property {Uint16Array} light luminance × 65535, linear
 * @property {Uint16Array | null} probabilities probability × 65535; null where the map is gone
 * @property {number} cut probability × 65535 from which on a pixel is crack
 */

/** Evidence of a picture, computed where it is asked for. */
export class Evidence {
  /** @param {Picture} picture */
  constructor(picture) {
    this.picture = picture;
    this.columns = Math.ceil(picture.width / BLOCK);
    this.blocks = new Map();
  }

  /**
   * Evidence within a rectangle, 0 to 255; with a `level`, the largest of squares of 2^level pixels.
   * @param {import("../levels.js").Rect} rect in pixels, within the picture, its corner on a multiple of 2^level
   * @returns {{data: Uint8Array, width: number, height: number}}
   */
  read(rect, level = 0) {
    const size = 1 << level;
    const [width, height] = [Math.ceil(rect.width / size), Math.ceil(rect.height / size)];
    const data = new Uint8Array(width * height);
    const [right, bottom] = [rect.x + rect.width, rect.y + rect.height];
    for (let top = Math.floor(rect.y / BLOCK) * BLOCK; top < bottom; top += BLOCK) {
      for (let left = Math.floor(rect.x / BLOCK) * BLOCK; left < right; left += BLOCK) {
        const block = this.#block(left, top);
        for (let y = Math.max(top, rect.y); y < Math.min(top + BLOCK, bottom); y++) {
          const row = ((y - rect.y) >> level) * width;
          for (let x = Math.max(left, rect.x); x < Math.min(left + BLOCK, right); x++) {
            const to = row + ((x - rect.x) >> level);
            const value = block[(y - top) * BLOCK + x - left];
            if (value > data[to]) data[to] = value;
          }
        }
      }
    }
    return { data, width, height };
  }

  #block(left, top) {
    const key = (top / BLOCK) * this.columns + left / BLOCK;
    if (!this.blocks.has(key)) this.blocks.set(key, compute(this.picture, left, top));
    return this.blocks.get(key);
  }
}

function compute({ width, height, light, probabilities }, left, top) {
  const half = AROUND >> 1;
  const [x0, y0] = [Math.max(0, left - half - 1), Math.max(0, top - half - 1)];
  const [x1, y1] = [Math.min(width, left + BLOCK + half + 1), Math.min(height, top + BLOCK + half + 1)];
  const sums = integral(light, width, x0, y0, x1, y1);
  const mean = (x, y, reach) => sums.mean(Math.max(x0, x - reach), Math.max(y0, y - reach), Math.min(x1, x + reach + 1), Math.min(y1, y + reach + 1));
  const out = new Uint8Array(BLOCK * BLOCK);
  for (let y = top; y < Math.min(top + BLOCK, height); y++) {
    for (let x = left; x < Math.min(left + BLOCK, width); x++) {
      const around = mean(x, y, half);
      const taken = (around - mean(x, y, 1)) / Math.max(around, LEAST_LIGHT * 65535);
      const darkness = DARKNESS_SHARE * Math.min(1, Math.max(0, taken / DARK));
      const probability = probabilities ? probabilities[y * width + x] / 65535 : 0;
      out[(y - top) * BLOCK + x - left] = 255 * (1 - (1 - probability) * (1 - darkness));
    }
  }
  return out;
}

/** Sums over rectangles in constant time. */
function integral(light, width, x0, y0, x1, y1) {
  const stride = x1 - x0 + 1;
  const sums = new Float64Array(stride * (y1 - y0 + 1));
  for (let y = y0; y < y1; y++) {
    let row = 0;
    for (let x = x0; x < x1; x++) {
      row += light[y * width + x];
      sums[(y - y0 + 1) * stride + x - x0 + 1] = sums[(y - y0) * stride + x - x0 + 1] + row;
    }
  }
  const at = (x, y) => sums[(y - y0) * stride + x - x0];
  return { mean: (a, b, c, d) => (at(c, d) - at(a, d) - at(c, b) + at(a, b)) / ((c - a) * (d - b)) };
}
