// Two points on the photograph, set by clicks or by a cross that the arrow keys move.

/** One step of the cross in CSS pixels; with Shift one photograph pixel. */
const STEP = 10;

export class Ruler {
  /** @param {(points: number[][], done: boolean) => void} changed */
  constructor(changed) {
    Object.assign(this, { changed, active: false, points: [], cursor: null });
  }

  start(view) {
    this.active = true;
    this.points = [];
    this.cursor = within(view, (view.width / 2 - view.x) / view.scale, (view.height / 2 - view.y) / view.scale);
    this.changed(this.points, false);
  }

  stop() {
    this.active = false;
    this.cursor = null;
    if (this.points.length < 2) this.points = [];
    this.changed(this.points, true);
  }

  move(view, at) {
    this.cursor = within(view, (at.x - view.x) / view.scale, (at.y - view.y) / view.scale);
  }

  set() {
    this.points.push(this.cursor);
    if (this.points.length === 2) this.stop();
    else this.changed(this.points, false);
  }

  /** Whether the key was one of ours. */
  key({ key, shiftKey }, view, unit) {
    if (key === "Escape") this.stop();
    else if (key === "Enter") this.set();
    else {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
      if (!by) return false;
      const step = shiftKey ? 1 : (STEP * unit) / view.scale;
      this.cursor = within(view, this.cursor[0] + by[0] * step, this.cursor[1] + by[1] * step);
    }
    return true;
  }

  draw(context, view, unit) {
    const device = ([x, y]) => [x * view.scale + Math.round(view.x), y * view.scale + Math.round(view.y)];
    const ends = this.points.map(device);
    const cursor = this.active && this.cursor ? device(this.cursor) : null;
    const path = new Path2D();
    if (ends.length === 2) line(path, ...ends);
    else if (ends.length === 1 && cursor) line(path, ends[0], cursor);
    for (const [x, y] of ends) {
      line(path, [x - 6 * unit, y - 6 * unit], [x + 6 * unit, y + 6 * unit]);
      line(path, [x - 6 * unit, y + 6 * unit], [x + 6 * unit, y - 6 * unit]);
    }
    if (cursor) {
      const [x, y] = cursor;
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) line(path, [x + dx * 4 * unit, y + dy * 4 * unit], [x + dx * 16 * unit, y + dy * 16 * unit]);
    }
    context.save();
    context.lineCap = "round";
    for (const [colour, width] of [["#000", 4.5], ["#fff", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * unit;
      context.stroke(path);
    }
    context.restore();
  }
}

function line(path, a, b) {
  path.moveTo(...a);
  path.lineTo(...b);
}

/** Hundredths of a pixel, inside the photograph. */
function within({ photoWidth, photoHeight }, x, y) {
  const clamp = (value, most) => Math.round(Math.min(most, Math.max(0, value)) * 100) / 100;
  return [clamp(x, photoWidth), clamp(y, photoHeight)];
}
