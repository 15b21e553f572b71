// Probability maps as a max-pyramid: level 0 has the photograph's pixels, each further level keeps the largest of
// 2×2, so that a crack one pixel wide stays visible however far one zooms out.

/**
 * @typedef {{data: Uint16Array | Uint8Array, width: number, height: number}} Level
 * Probability × 65535 in rows; for a mask 0 or 1.
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 */

/** Probability that counts as `threshold`: a pixel is crack iff its value is not below this. */
export function cutOf(threshold) {
  return Math.round(threshold * 65535);
}

/**
 * All levels, the given one first, until one side is a single pixel.
 * @param {Level} base
 * @returns {Level[]}
 */
export function buildLevels(base) {
  const levels = [base];
  let level = base;
  while (Math.min(level.width, level.height) > 1) {
    level = halve(level);
    levels.push(level);
  }
  return levels;
}

/**
 * How many pixels have at least each value: `counts[v]` pixels are `>= v`.
 * @param {Uint16Array} data
 * @returns {Uint32Array} 65536 entries
 */
export function countAtLeast(data) {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  for (let v = 65534; v >= 0; v--) counts[v] += counts[v + 1];
  return counts;
}

/**
 * Writes `colour` where a pixel of the rectangle is crack and 0 elsewhere, rows packed.
 * @param {Level} level
 * @param {Rect} rect in pixels of the level
 * @param {number} cut from `cutOf`
 * @param {number} colour as it stands in an ImageData seen as Uint32Array
 * @param {Uint32Array} out at least width × height
 */
export function paintMask(level, rect, cut, colour, out) {
  const { data, width } = level;
  let to = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const end = y * width + rect.x + rect.width;
    for (let from = y * width + rect.x; from < end; from++) out[to++] = data[from] >= cut ? colour : 0;
  }
}

/**
 * Brings the further levels up to date where the first has changed.
 * @param {Level[]} levels
 * @param {Rect} rect in pixels of the first level
 */
export function updateLevels(levels, rect) {
  let [left, top, right, bottom] = [rect.x, rect.y, rect.x + rect.width - 1, rect.y + rect.height - 1];
  for (let i = 1; i < levels.length; i++) {
    [left, top, right, bottom] = [left >> 1, top >> 1, right >> 1, bottom >> 1];
    halveInto(levels[i - 1], levels[i], left, top, right, bottom);
  }
}

function halve(level) {
  const [width, height] = [(level.width + 1) >> 1, (level.height + 1) >> 1];
  const half = { data: new level.data.constructor(width * height), width, height };
  halveInto(level, half, 0, 0, width - 1, height - 1);
  return half;
}

/** Computes the pixels of `to` from `left`, `top` to `right`, `bottom`, both included. */
function halveInto({ data, width, height }, to, left, top, right, bottom) {
  for (let y = top; y <= bottom; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = left; x <= right; x++) {
      const from = 2 * x;
      const next = from + 1 < width ? from + 1 : from;
      const a = data[upper + from] > data[upper + next] ? data[upper + from] : data[upper + next];
      const b = data[lower + from] > data[lower + next] ? data[lower + from] : data[lower + next];
      to.data[y * to.width + x] = a > b ? a : b;
    }
  }
}
