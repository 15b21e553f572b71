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
   * @returns {{x: number, y: number, r: number}[]} middle and half width about every pixel
   */
  trace(from, to) {
    const way = route(this.evidence, from, to);
    way[0] = from;
    way[way.length - 1] = to;
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
