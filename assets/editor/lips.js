// Where the lips of a crack are, from the light across it: half way, in linear light, between the darkness inside and the
// surface beside it, as lenses blur light. Soft lips read too far out where the crack is hardly wider than the blur; the
// blur is taken from the steepness of the lips and its share taken off. Where the light is silent the map tells.
import { median, smoothed } from "./statistics.js";

/** Distance of samples across the crack, in pixels. */
const STEP = 0.5;
/** How far from the line lips are looked for, in pixels. */
const REACH = 24;
/** How far the darkest place may lie from the line, in pixels. */
const OFF_LINE = 3;
/** Where the surface beside a lip is read, in pixels beyond it. */
const BESIDE = [2.5, 7.5];
/** Deviation of the smoothing of profiles along the crack, in points. */
const ALONG = 2;
/** Half length of the stretch over which a direction is taken, in points. */
const TANGENT = 6;
/** A lip counts from this step on, in parts of the surface's light and of its roughness. */
const LEAST_STEP = [0.06, 2];
/** Blur where no lip tells it: Gaussian deviation in pixels. */
const USUAL_BLUR = 1;
/** Cracks at least this wide tell the blur, in pixels. */
const SHARP_FROM = 5;
/** Full width at half maximum of a Gaussian in deviations. */
const FWHM = 2.35482;
/** Exponent by which the width at half level of a blurred bar, its own and the blur's add up, within 2 %. */
const BLUR_EXPONENT = 3.5;

/**
 * Distances from each point of a line to the lips on its left and right; null where nothing tells.
 * @param {import("./evidence.js").Picture} picture
 * @param {{x: number, y: number}[]} line points about a pixel apart
 * @returns {{nx: number, ny: number, left: number | null, right: number | null}[]} with the direction to the left
 */
export function lipsAlong(picture, line) {
  const normals = line.map((_, i) => normal(line, i));
  const light = profiles(line, normals, (x, y) => bilinear(picture.light, picture, x, y));
  const smooth = smoothedAlong(light);
  const roughness = roughnessOf(smooth);
  const found = smooth.map((row) => lipsOf(row, roughness));
  const blur = blurOf(found);
  const map = picture.probabilities && profiles(line, normals, (x, y) => bilinear(picture.probabilities, picture, x, y));
  return found.map((lips, i) => ({ nx: normals[i].x, ny: normals[i].y, ...(lips ? sharpened(lips, blur) : fromMap(map?.[i], picture.cut)) }));
}

function normal(line, i) {
  const [a, b] = [line[Math.max(0, i - TANGENT)], line[Math.min(line.length - 1, i + TANGENT)]];
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  return { x: (b.y - a.y) / length, y: (a.x - b.x) / length };
}

/** A row of samples across the line for each of its points, left first; the middle one is on the line. */
function profiles(line, normals, at) {
  const half = REACH / STEP;
  return line.map((point, i) =>
    Float64Array.from({ length: 2 * half + 1 }, (_, k) => at(point.x + (half - k) * STEP * normals[i].x, point.y + (half - k) * STEP * normals[i].y)),
  );
}

function smoothedAlong(rows) {
  const columns = Array.from(rows[0], (_, k) => smoothed(rows.map((row) => row[k]), ALONG));
  return rows.map((_, i) => columns.map((column) => column[i]));
}

/** Samples are at middles of pixels, half a pixel from their corners. */
function bilinear(data, { width, height }, x, y) {
  const [cx, cy] = [Math.min(width - 1, Math.max(0, x - 0.5)), Math.min(height - 1, Math.max(0, y - 0.5))];
  const [left, top] = [Math.floor(cx), Math.floor(cy)];
  const [fx, fy] = [cx - left, cy - top];
  const [right, below] = [left + 1 < width ? 1 : 0, top + 1 < height ? width : 0];
  const at = top * width + left;
  const upper = data[at] + fx * (data[at + right] - data[at]);
  const lower = data[at + below] + fx * (data[at + below + right] - data[at + below]);
  return upper + fy * (lower - upper);
}

/** Typical deviation of the light near the ends of the profiles, where the surface is. */
function roughnessOf(rows) {
  const deviations = [];
  for (let i = 0; i < rows.length; i += 3) {
    const row = rows[i];
    for (const part of [row.slice(0, 12), row.slice(-12)]) {
      const middle = median(part);
      for (const value of part) deviations.push(Math.abs(value - middle));
    }
  }
  return 1.4826 * median(deviations);
}

/** @returns {{left: Lip, right: Lip} | null} @typedef {{at: number, step: number, blur: number}} Lip */
function lipsOf(row, roughness) {
  const half = (row.length - 1) / 2;
  const off = OFF_LINE / STEP;
  let darkest = half - off;
  for (let k = half - off; k <= half + off; k++) if (row[k] < row[darkest] || (row[k] === row[darkest] && Math.abs(k - half) < Math.abs(darkest - half))) darkest = k;
  const left = lipOf(row, darkest, -1, roughness);
  const right = lipOf(row, darkest, 1, roughness);
  if (!left || !right) return null;
  const from = (darkest - half) * STEP;
  return { left: { ...left, at: left.at - from }, right: { ...right, at: right.at + from } };
}

/** The lip on one side of the darkest sample; first against the whole side, then against the surface just beyond it. */
function lipOf(row, darkest, side, roughness) {
  const end = side < 0 ? darkest : row.length - 1 - darkest;
  const at = (s) => row[darkest + side * s];
  const bright = (from, to) => {
    const values = [];
    for (let s = Math.max(1, Math.round(from)); s <= Math.min(end, to); s++) values.push(at(s));
    return median(values);
  };
  const core = row[darkest];
  let surface = bright(4 / STEP, end);
  if (surface === null) return null;
  let place = null;
  for (let pass = 0; pass < 3; pass++) {
    place = crossing(at, end, core + (surface - core) / 2);
    if (place === null) return null;
    surface = bright(place + BESIDE[0] / STEP, place + BESIDE[1] / STEP) ?? surface;
  }
  const step = surface - core;
  if (step < LEAST_STEP[0] * surface || step < LEAST_STEP[1] * roughness) return null;
  const k = Math.round(place);
  const slope = (at(Math.min(end, k + 1)) - at(Math.max(0, k - 1))) / (2 * STEP);
  return { at: place * STEP, step, blur: step / (Math.max(slope, 1e-9) * Math.sqrt(2 * Math.PI)) };
}

/** Samples from the middle to where the light first rises to `level`. */
function crossing(at, end, level) {
  for (let s = 1; s <= end; s++) {
    if (at(s) >= level) return s - (at(s) - level) / Math.max(at(s) - at(s - 1), 1e-9);
  }
  return null;
}

/** Blur of the sharper third of the lips, because ragged ones look soft. */
function blurOf(found) {
  const wide = found.filter((lips) => lips && lips.left.at + lips.right.at >= SHARP_FROM);
  const blurs = wide.flatMap(({ left, right }) => [left.blur, right.blur]).sort((a, b) => a - b);
  if (blurs.length < 20) return USUAL_BLUR;
  return Math.min(4, Math.max(0.4, blurs[Math.floor(0.3 * blurs.length)]));
}

function sharpened({ left, right }, blur) {
  const width = left.at + right.at;
  const own = (FWHM * blur) ** BLUR_EXPONENT;
  const rest = Math.max(width ** BLUR_EXPONENT - own, (own ** (1 / BLUR_EXPONENT) / 3) ** BLUR_EXPONENT);
  const less = (width - Math.min(width, rest ** (1 / BLUR_EXPONENT))) / 2;
  return { left: left.at - less, right: right.at - less };
}

/** Lips where the map falls below its threshold, if the line lies on what it calls crack. */
function fromMap(row, cut) {
  const half = row ? (row.length - 1) / 2 : 0;
  if (!row || row[half] < cut) return { left: null, right: null };
  const out = (side) => {
    for (let s = 1; s <= half; s++) if (row[half + side * s] < cut) return (s - 0.5) * STEP;
    return null;
  };
  return { left: out(-1), right: out(1) };
}
