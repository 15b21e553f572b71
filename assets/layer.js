// The measured cracks above the photograph: centre lines coloured by width, numbers, the places that are pointed at.
import { colourAt } from "./ramp.js";

const COLOURS = 16;
/** Widths of lines in CSS pixels: the coloured line, and its rims. */
const LINE = { plain: 3, hot: 5, light: 2, dark: 4 };
/** Where along its longest branch a crack's number may stand; the first free place is taken. */
const LABEL_PLACES = [0.5, 0.35, 0.65, 0.2, 0.8, 0.08, 0.92];
const LABEL_PX = 13;
/** Length in CSS pixels of the shortest piece that a zoomed-out line consists of. */
const PIECE_PX = 2;

/** What is measured at one threshold, in photograph pixels, ready to be drawn. */
export class Layer {
  /**
   * @param {object[]} cracks as the API gives them
   * @param {number} threshold that they were measured at
   */
  constructor(cracks, threshold) {
    this.threshold = threshold;
    /** Width in pixels that has the last colour. */
    this.topPx = Math.max(1, ...cracks.map((crack) => crack.width_p95_px.value));
    this.items = cracks.map((crack) => item(crack, this.topPx));
  }

  /** Number of the crack within `reach` photograph pixels of a place, or null. */
  at({ x, y }, reach) {
    let best = reach;
    let number = null;
    for (const { bounds: [left, top, right, bottom], crack } of this.items) {
      if (x < left - best || y < top - best || x > right + best || y > bottom + best) continue;
      for (const { points } of crack.polylines) {
        for (let i = 1; i < points.length; i++) {
          const distance = distanceTo(x, y, points[i - 1], points[i]);
          if (distance < best) [best, number] = [distance, crack.number];
        }
      }
    }
    return number;
  }

  crack(number) {
    return this.items.find((item) => item.crack.number === number)?.crack ?? null;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import("./view.js").View} view
   * @param {{unit: number, lines: boolean, hot: number | null, selected: number | null}} style `unit`: device pixels in a CSS pixel
   */
  draw(context, view, { unit, lines, hot, selected }) {
    const shift = { x: Math.round(view.x), y: Math.round(view.y) };
    const seen = this.items.filter(({ bounds }) => isSeen(bounds, view));
    const marked = (crack) => crack.number === hot || crack.number === selected;
    // Those that are pointed at come last, above the others.
    seen.sort((a, b) => marked(a.crack) - marked(b.crack));
    context.save();
    context.lineCap = context.lineJoin = "round";
    context.setTransform(view.scale, 0, 0, view.scale, shift.x, shift.y);
    for (const item of seen) {
      const { crack } = item;
      if (!lines && !marked(crack)) continue;
      const { line, colours } = pathsAt(item, view.scale / unit);
      const width = marked(crack) ? LINE.hot : LINE.plain;
      const stroke = (path, style, extra) => {
        context.strokeStyle = style;
        context.lineWidth = ((width + extra) * unit) / view.scale;
        context.stroke(path);
      };
      stroke(line, "rgb(0 0 0 / 45%)", LINE.dark);
      stroke(line, marked(crack) ? "#fff" : "rgb(255 255 255 / 80%)", LINE.light);
      for (const [path, colour] of colours) stroke(path, colour, 0);
    }
    context.restore();
    const device = ([x, y]) => ({ x: x * view.scale + shift.x, y: y * view.scale + shift.y });
    for (const { crack } of seen) if (marked(crack)) drawRing(context, device(crack.width_max_at_px), unit);
    this.#drawNumbers(context, view, seen, { unit, device, marked });
  }

  #drawNumbers(context, view, seen, { unit, device, marked }) {
    const size = LABEL_PX * unit;
    const taken = [];
    context.save();
    context.font = `700 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const inside = ({ x, y }) => x > size && y > size && x < view.width - size && y < view.height - size;
    const order = [...seen].sort((a, b) => marked(b.crack) - marked(a.crack) || a.crack.number - b.crack.number);
    for (const { crack, places } of order) {
      const text = String(crack.number);
      const half = { x: size * (0.45 + 0.3 * text.length), y: size * 0.75 };
      const free = (at) => inside(at) && taken.every((t) => Math.abs(t.x - at.x) > t.half.x + half.x || Math.abs(t.y - at.y) > t.half.y + half.y);
      const spots = places.map(({ at, normal }) => {
        const on = device(at);
        return { x: on.x + normal[0] * size * 1.15, y: on.y + normal[1] * size * 1.15 };
      });
      const spot = spots.find(free) ?? (marked(crack) ? spots.find(inside) : undefined);
      if (!spot) continue;
      taken.push({ ...spot, half });
      context.lineWidth = 4.5 * unit;
      context.strokeStyle = marked(crack) ? "#fff" : "rgb(0 0 0 / 85%)";
      context.fillStyle = marked(crack) ? "#000" : "#fff";
      context.strokeText(text, spot.x, spot.y);
      context.fillText(text, spot.x, spot.y);
    }
    context.restore();
  }
}

/** A ring: here is the largest width, or the place that the plot points at. */
export function drawRing(context, { x, y }, unit, filled = false) {
  context.save();
  context.beginPath();
  context.arc(x, y, (filled ? 5 : 9) * unit, 0, 2 * Math.PI);
  for (const [colour, width] of [["#000", 4.5], ["#fff", 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width * unit;
    context.stroke();
  }
  if (filled) {
    context.fillStyle = "#fff";
    context.fill();
  }
  context.restore();
}

function item(crack, topPx) {
  return { crack, topPx, levels: new Map(), bounds: crack.bounds_px, places: labelPlaces(crack.polylines[0]?.points ?? []) };
}

/** Lines for a scale in CSS pixels; those for zoomed-out views have no more points than can be told apart. */
function pathsAt({ crack, topPx, levels }, scale) {
  const level = Math.max(0, Math.ceil(Math.log2(1 / scale)));
  if (!levels.has(level)) {
    const line = new Path2D();
    const paths = new Map();
    for (const { points } of crack.polylines) {
      const kept = thinned(points, level === 0 ? 0 : PIECE_PX * 2 ** level);
      let last = null;
      kept.forEach(([x, y], i) => (i === 0 ? line.moveTo(x, y) : line.lineTo(x, y)));
      for (let i = 1; i < kept.length; i++) last = colourPiece(paths, kept[i - 1], kept[i], topPx, last);
    }
    levels.set(level, { line, colours: [...paths].map(([index, path]) => [path, colourAt((index + 0.5) / COLOURS)]) });
  }
  return levels.get(level);
}

/** Points at least `step` apart, each with the mean width of those that it stands for; both ends stay. */
function thinned(points, step) {
  const kept = [];
  let [sum, count] = [0, 0];
  points.forEach(([x, y, width], i) => {
    [sum, count] = [sum + width, count + 1];
    const before = kept.at(-1);
    if (before && i < points.length - 1 && Math.hypot(x - before[0], y - before[1]) < step) return;
    kept.push([x, y, sum / count]);
    [sum, count] = [0, 0];
  });
  return kept;
}

/** A straight piece whose width changes is cut where its colour does. */
function colourPiece(paths, from, to, topPx, last) {
  const steps = Math.max(1, Math.ceil((Math.abs(to[2] - from[2]) / topPx) * COLOURS));
  const at = (share, i) => from[i] + (to[i] - from[i]) * share;
  for (let step = 0; step < steps; step++) {
    const [a, b] = [step / steps, (step + 1) / steps];
    const index = Math.min(COLOURS - 1, Math.floor((at((a + b) / 2, 2) / topPx) * COLOURS));
    if (!paths.has(index)) paths.set(index, new Path2D());
    const path = paths.get(index);
    if (index !== last) path.moveTo(at(a, 0), at(a, 1));
    path.lineTo(at(b, 0), at(b, 1));
    last = index;
  }
  return last;
}

function labelPlaces(points) {
  if (points.length < 2) return [];
  const along = [0];
  for (let i = 1; i < points.length; i++) along.push(along[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
  return LABEL_PLACES.flatMap((share) => {
    const wanted = share * along.at(-1);
    const i = Math.max(1, along.findIndex((d) => d >= wanted));
    const [a, b] = [points[i - 1], points[i]];
    const length = along[i] - along[i - 1] || 1;
    const t = (wanted - along[i - 1]) / length;
    const at = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    const normal = [(b[1] - a[1]) / length, -(b[0] - a[0]) / length];
    return [{ at, normal }, { at, normal: normal.map((n) => -n) }];
  });
}

function distanceTo(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

function isSeen([left, top, right, bottom], { scale, x, y, width, height }) {
  const rim = 40;
  return right * scale + x > -rim && left * scale + x < width + rim && bottom * scale + y > -rim && top * scale + y < height + rim;
}
