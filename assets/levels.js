// Probability maps as a max-pyramid: level 0 has the photograph's pixels, each further level keeps the largest of
// 2×2, so that a crack one pixel wide stays visible however far one zooms out.

/**
 * @typedef {{data: Uint16Array, width: number, height: number}} Level
 * Probability × 65535 in rows.
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
 * @param {{x: number, y: number, width: number, height: number}} rect in pixels of the level
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

function halve({ data, width, height }) {
  const w = (width + 1) >> 1;
  const h = (height + 1) >> 1;
  const out = new Uint16Array(w * h);
  for (let y = 0; y < h; y++) {
    const top = 2 * y * width;
    const bottom = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < w; x++) {
      const left = 2 * x;
      const right = left + 1 < width ? left + 1 : left;
      const a = data[top + left] > data[top + right] ? data[top + left] : data[top + right];
      const b = data[bottom + left] > data[bottom + right] ? data[bottom + left] : data[bottom + right];
      out[y * w + x] = a > b ? a : b;
    }
  }
  return { data: out, width: w, height: h };
}
