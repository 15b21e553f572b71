// Follows a crack between two points and tells its local width. Works on typed arrays alone, so that it runs in a worker
// and in tests.
import { Evidence } from "./evidence.js";
import { lipsAlong } from "./lips.js";
import { route } from "./route.js";
import { median, smoothed } from "./statistics.js";

/** Deviation of the smoothing along a way that steps from pixel to pixel, in points. */
const SMOOTH_WAY = 3;
/** Deviation of the smoothing of middle and width along the crack, in points. */
const SMOOTH_LIPS = 2;
/** Half length of the window in which single wrong lips are outvoted, in points. */
const VOTE = 4;
/** Distance of points along the way, in pixels. */
const STEP = 1;
/** Evidence (0 to 255) below which a click lies beside the crack that it means, and from which on a crack is near it. */
const [BESIDE, ON] = [100, 160];
/** Half width of a trace where nothing tells it, in pixels. */
const UNKNOWN_RADIUS = 1.5;

/** Traces cracks of one picture. */
export class Tracer {
  /** @param {import("./evidence.js").Picture} picture */
  constructor(picture) {
    this.picture = picture;
    this.evidence = new Evidence(picture);
  }

  /**
   * The crack between two points.
   * @param {{x: number, y: number}} from in pixels of the picture
   * @param {{x: number, y: number}} to
   * @param {number} reach how far beside the crack the points may lie, in pixels
   * @returns {{x: number, y: number, r: number}[]} middle and half width about every pixel
   */
  trace(from, to, reach = 0) {
    const [start, end] = [this.#snapped(from, reach), this.#snapped(to, reach)];
    const way = route(this.evidence, start, end);
    way[0] = start;
    way[way.length - 1] = end;
    let line = evenly(smoothedLine(way, SMOOTH_WAY));
    if (line.length < 3) return line.map((point) => ({ ...point, r: UNKNOWN_RADIUS }));
    // The first pass brings the line to the middle, the second measures from there.
    for (let pass = 0; pass < 2; pass++) {
      const lips = lipsAlong(this.picture, line);
      const left = settled(lips.map((lip) => lip.left));
      const right = settled(lips.map((lip) => lip.right));
      line = line.map((point, i) => {
        const shift = (left[i] - right[i]) / 2;
        return { x: point.x + shift * lips[i].nx, y: point.y + shift * lips[i].ny, r: (left[i] + right[i]) / 2 };
      });
    }
    return line;
  }

  /** The nearest point that looks like crack, if this one does not and there is one within reach. */
  #snapped(point, reach) {
    const { width, height } = this.picture;
    const [x, y] = [Math.max(0, Math.floor(point.x - reach)), Math.max(0, Math.floor(point.y - reach))];
    const rect = { x, y, width: Math.min(width, Math.ceil(point.x + reach)) - x, height: Math.min(height, Math.ceil(point.y + reach)) - y };
    const found = this.evidence.read(rect);
    const here = found.data[(Math.floor(point.y) - y) * found.width + Math.floor(point.x) - x];
    if (!(here < BESIDE)) return point;
    let [best, least] = [point, reach * reach];
    for (let i = 0; i < found.data.length; i++) {
      const at = { x: x + (i % found.width) + 0.5, y: y + Math.floor(i / found.width) + 0.5 };
      const distance = (at.x - point.x) ** 2 + (at.y - point.y) ** 2;
      if (found.data[i] >= ON && distance < least) [best, least] = [at, distance];
    }
    return best;
  }
}

/** Lips without outliers and without jitter; those that are not known (null) are as their neighbours. */
function settled(lips) {
  const voted = lips.map((_, i) => median(lips.slice(Math.max(0, i - VOTE), i + VOTE + 1).filter((lip) => lip !== null)));
  const known = voted.map((lip, i) => [lip, i]).filter(([lip]) => lip !== null);
  if (known.length === 0) return lips.map(() => UNKNOWN_RADIUS);
  let next = 0;
  const whole = voted.map((lip, i) => {
    if (lip !== null) return lip;
    while (next + 1 < known.length && Math.abs(known[next + 1][1] - i) <= Math.abs(known[next][1] - i)) next++;
    return known[next][0];
  });
  return smoothed(whole, SMOOTH_LIPS);
}

function smoothedLine(points, deviation) {
  const [xs, ys] = [smoothed(points.map((p) => p.x), deviation), smoothed(points.map((p) => p.y), deviation)];
  const line = xs.map((x, i) => ({ x, y: ys[i] }));
  // Smoothing draws ends inward.
  line[0] = points[0];
  line[line.length - 1] = points.at(-1);
  return line;
}

/** Points about `STEP` apart along a line, both ends included. */
function evenly(points) {
  const lengths = [0];
  for (let i = 1; i < points.length; i++) lengths.push(lengths[i - 1] + Math.hypot(points[i].x - points[i - 1].x, points[i].y - points[i - 1].y));
  const count = Math.max(1, Math.round(lengths.at(-1) / STEP));
  const line = [];
  for (let k = 0, i = 1; k <= count; k++) {
    const wanted = (lengths.at(-1) * k) / count;
    while (i < points.length - 1 && lengths[i] < wanted) i++;
    const share = lengths[i] > lengths[i - 1] ? (wanted - lengths[i - 1]) / (lengths[i] - lengths[i - 1]) : 0;
    const [a, b] = [points[i - 1], points[i]];
    line.push({ x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) });
  }
  return line;
}
