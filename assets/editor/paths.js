// Tools that are clicked from point to point: trace and polygon.
import { polygon, ribbon } from "./raster.js";

/** Clicks closer than this to the first corner close a polygon, in CSS pixels. */
const CLOSE_PX = 10;
const DOUBLE_CLICK_MS = 350;
/** How far beside a crack one may click, in CSS pixels, and at most in the photograph's. */
const REACH = [12, 24];

/** What both have in common: a chain of clicks, with its keys. */
class Path {
  /** @param {import("./tools.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.points = [];
    this.pointer = null;
    this.pressed = { at: null, time: -Infinity };
  }

  /** Whether this press is the second of a double click in one place. */
  doubled(at) {
    const before = this.pressed;
    this.pressed = { at, time: performance.now() };
    return this.points.length > 0 && this.pressed.time - before.time < DOUBLE_CLICK_MS && this.near(at, before.at);
  }

  near(a, b) {
    const { view, ratio } = this.desk.surface;
    return (Math.hypot(a.x - b.x, a.y - b.y) * view.scale) / ratio < CLOSE_PX;
  }

  get colour() {
    return this.desk.options.remove ? "#ffffff" : `#${this.desk.options.colour}`;
  }

  get value() {
    return this.desk.options.remove ? 0 : 1;
  }

  move(points) {
    this.hover(points.at(-1));
  }

  up() {}

  /** A second finger came: the click was none. */
  cancel() {
    this.undoPoint();
  }

  /** What it draws is another, and perhaps whether there is something to end. */
  changed() {
    this.desk.surface.sketchChanged();
    this.desk.showPath(this.points.length > 0);
  }

  leave() {
    this.points = [];
    this.changed();
  }

  drawPoints(context, pixel) {
    for (const { x, y } of this.points) {
      context.beginPath();
      context.arc(x, y, 4 * pixel, 0, 2 * Math.PI);
      context.fillStyle = this.colour;
      context.fill();
      context.lineWidth = 1.5 * pixel;
      context.strokeStyle = "#000000";
      context.stroke();
    }
  }
}

/** Follows a crack from click to click. Each click is a step of its own. */
export class Trace extends Path {
  name = "trace";
  hintText = "Click along a crack; the path follows it. Enter or a double click ends it.";
  touchHint = "Tap along a crack; the path follows it. A double tap ends it.";
  preview = null;
  waiting = Promise.resolve();

  /** @param {import("./tracing.js").Tracing} tracing */
  constructor(desk, tracing) {
    super(desk);
    this.tracing = tracing;
  }

  take() {
    this.tracing.start();
  }

  down(at) {
    if (this.doubled(at)) return this.finish();
    const place = this.#inside(at);
    const from = this.points.at(-1);
    this.points.push(place);
    this.preview = null;
    this.changed();
    // One after the other, so that steps come in the order of the clicks.
    if (from) this.waiting = this.waiting.then(() => this.#paint(from, place)).catch((error) => this.desk.hint(error.message));
  }

  hover(at) {
    const from = this.points.at(-1);
    if (!from || !at) return;
    this.tracing.preview(from, this.#inside(at), this.#reach, (line) => {
      if (this.points.at(-1) !== from) return;
      this.preview = this.#sized(line);
      this.changed();
    });
  }

  finish() {
    this.preview = null;
    this.leave();
  }

  /** The last click and what it has painted. */
  undoPoint() {
    if (this.points.length === 0) return false;
    this.waiting = this.waiting.then(() => {
      this.points.pop();
      this.preview = null;
      if (this.points.length > 0) this.desk.undoStep();
      this.changed();
    });
    return true;
  }

  draw(context, pixel) {
    if (this.preview) {
      context.beginPath();
      for (const side of [1, -1]) outlineSide(context, this.preview, side);
      // Light on dark, so that it is seen on the wall, in the crack and on the mask.
      for (const [colour, width] of [["rgb(0 0 0 / 0.6)", 3.5], ["#ffffff", 1.5]]) {
        context.lineWidth = width * pixel;
        context.strokeStyle = colour;
        context.stroke();
      }
    }
    this.drawPoints(context, pixel);
  }

  async #paint(from, to) {
    const line = this.#sized(await this.tracing.trace(from, to, this.#reach));
    // Clicks beside the crack belong on it: the next stretch begins where this one ends.
    [from.x, from.y, to.x, to.y] = [line[0].x, line[0].y, line.at(-1).x, line.at(-1).y];
    this.changed();
    const { mask } = this.desk;
    // Another tool may have been taken meanwhile.
    while (mask.open) await new Promise(requestAnimationFrame);
    mask.begin("trace");
    ribbon(mask, line, this.value);
    this.desk.stepped(mask.commit());
  }

  get #reach() {
    const { view, ratio } = this.desk.surface;
    return Math.min(REACH[1], (REACH[0] * ratio) / view.scale);
  }

  #sized(line) {
    const { traceWidth, size } = this.desk.options;
    return traceWidth === "brush" ? line.map((point) => ({ ...point, r: size / 2 })) : line;
  }

  #inside({ x, y }) {
    const { width, height } = this.desk.mask;
    return { x: Math.min(width - 0.5, Math.max(0.5, x)), y: Math.min(height - 0.5, Math.max(0.5, y)) };
  }
}

function outlineSide(context, line, side) {
  line.forEach((point, i) => {
    const [a, b] = [line[Math.max(0, i - 1)], line[Math.min(line.length - 1, i + 1)]];
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const [x, y] = [point.x + (side * point.r * (b.y - a.y)) / length, point.y - (side * point.r * (b.x - a.x)) / length];
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
}

/** Marks or removes the inside of an outline. */
export class Polygon extends Path {
  name = "polygon";
  hintText = "Click corners around an area. Enter, a double click or the first corner closes it.";
  touchHint = "Tap corners around an area. A double tap or the first corner closes it.";

  down(at) {
    const closes = this.points.length > 2 && this.near(at, this.points[0]);
    if (this.doubled(at) || closes) return this.finish();
    this.points.push(at);
    this.changed();
  }

  hover(at) {
    if (this.points.length === 0) return;
    this.pointer = at;
    this.changed();
  }

  finish() {
    if (this.points.length > 2) {
      this.desk.mask.begin("polygon");
      polygon(this.desk.mask, this.points, this.value);
      this.desk.stepped(this.desk.mask.commit());
    }
    this.leave();
  }

  undoPoint() {
    if (this.points.length === 0) return false;
    this.points.pop();
    this.changed();
    return true;
  }

  draw(context, pixel) {
    if (this.points.length > 0) {
      context.beginPath();
      for (const { x, y } of this.points) context.lineTo(x, y);
      if (this.pointer) context.lineTo(this.pointer.x, this.pointer.y);
      context.closePath();
      context.globalAlpha = 0.25;
      context.fillStyle = this.colour;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = 1.5 * pixel;
      context.strokeStyle = this.colour;
      context.stroke();
    }
    this.drawPoints(context, pixel);
  }
}
