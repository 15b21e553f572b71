// Shapes on a mask. A pixel belongs to a shape when its middle does, so the same shape gives the same pixels at any zoom.

/** @typedef {import("./mask.js").MaskDocument} MaskDocument */

/**
 * A stretch between two discs of different radius; with `flat` without the discs at its ends.
 * @param {MaskDocument} mask with an open step
 * @param {{x: number, y: number, r: number}} a
 * @param {{x: number, y: number, r: number}} b
 * @param {0 | 1} value
 */
export function stretch(mask, a, b, value, flat = false) {
  const reach = Math.max(a.r, b.r);
  const [left, top] = [Math.min(a.x, b.x) - reach, Math.min(a.y, b.y) - reach];
  const rect = mask.keep({ x: left, y: top, width: Math.abs(a.x - b.x) + 2 * reach, height: Math.abs(a.y - b.y) + 2 * reach });
  if (!rect) return;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const squared = dx * dx + dy * dy;
  const { data, width } = mask;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
      const along = squared > 0 ? (px * dx + py * dy) / squared : 0;
      if (flat && (along < 0 || along > 1)) continue;
      const share = along < 0 ? 0 : along > 1 ? 1 : along;
      const [ex, ey] = [px - share * dx, py - share * dy];
      const r = a.r + share * (b.r - a.r);
      if (ex * ex + ey * ey <= r * r) data[y * width + x] = value;
    }
  }
  mask.changed(rect);
}

/**
 * A ribbon along points with a radius at each; its ends are cut square.
 * @param {MaskDocument} mask with an open step
 * @param {{x: number, y: number, r: number}[]} line
 * @param {0 | 1} value
 */
export function ribbon(mask, line, value) {
  for (let i = 1; i < line.length; i++) {
    stretch(mask, line[i - 1], line[i], value, true);
    // The wedge that two flat stretches leave open on the outside of a bend.
    if (i + 1 < line.length) stretch(mask, line[i], line[i], value);
  }
}

/**
 * The inside of a closed outline, even-odd.
 * @param {MaskDocument} mask with an open step
 * @param {{x: number, y: number}[]} corners
 * @param {0 | 1} value
 */
export function polygon(mask, corners, value) {
  const [xs, ys] = [corners.map((corner) => corner.x), corners.map((corner) => corner.y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const rect = mask.keep({ x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top });
  if (!rect) return;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    const crossings = [];
    for (let i = 0; i < corners.length; i++) {
      const [a, b] = [corners[i], corners[(i + 1) % corners.length]];
      if (a.y <= y + 0.5 === b.y <= y + 0.5) continue;
      crossings.push(a.x + ((y + 0.5 - a.y) * (b.x - a.x)) / (b.y - a.y));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(rect.x, Math.ceil(crossings[i] - 0.5));
      const to = Math.min(rect.x + rect.width, Math.ceil(crossings[i + 1] - 0.5));
      if (from < to) mask.data.fill(value, y * mask.width + from, y * mask.width + to);
    }
  }
  mask.changed(rect);
}

/**
 * Turns the connected area around a pixel: a marked one, with its corners, is removed; an unmarked one is filled.
 * @param {MaskDocument} mask with an open step
 * @param {number} most pixels that may turn
 * @returns {boolean} false if the area is larger; then nothing changes
 */
export function turnArea(mask, x, y, most) {
  const spans = areaOf(mask, x, y, most);
  if (!spans) return false;
  const value = mask.data[y * mask.width + x] ? 0 : 1;
  let bounds = null;
  for (const { y: row, from, to } of spans) {
    mask.keep({ x: from, y: row, width: to - from, height: 1 });
    bounds ??= { left: from, top: row, right: to, bottom: row };
    bounds.left = Math.min(bounds.left, from);
    bounds.right = Math.max(bounds.right, to);
    bounds.top = Math.min(bounds.top, row);
    bounds.bottom = Math.max(bounds.bottom, row);
  }
  for (const { y: row, from, to } of spans) mask.data.fill(value, row * mask.width + from, row * mask.width + to);
  mask.changed({ x: bounds.left, y: bounds.top, width: bounds.right - bounds.left, height: bounds.bottom - bounds.top + 1 });
  return true;
}

/** Runs of pixels connected with one; cracks hang together over corners, what is between them does not. */
function areaOf({ data, width, height }, x, y, most) {
  const kind = data[y * width + x];
  const seen = new Uint8Array(data.length);
  const open = [[x, y]];
  const spans = [];
  let pixels = 0;
  while (open.length > 0) {
    const [at, row] = open.pop();
    const start = row * width;
    if (seen[start + at] || data[start + at] !== kind) continue;
    let [from, to] = [at, at + 1];
    while (from > 0 && data[start + from - 1] === kind) from--;
    while (to < width && data[start + to] === kind) to++;
    seen.fill(1, start + from, start + to);
    spans.push({ y: row, from, to });
    pixels += to - from;
    if (pixels > most) return null;
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      const end = Math.min(width, to + kind);
      for (let i = Math.max(0, from - kind); i < end; i++) {
        const index = next * width + i;
        if (data[index] === kind && !seen[index] && (i === 0 || i === Math.max(0, from - kind) || data[index - 1] !== kind)) open.push([i, next]);
      }
    }
  }
  return spans;
}
