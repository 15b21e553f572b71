// A cross on the photograph, moved by keys: what a pointer can do, keys can.

/** Share of the window that it moves at a key. */
const STEP = 1 / 50;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Begins in the middle of the window; gone (`at` is null) once a pointer is used. */
export class Cross {
  /** @type {{x: number, y: number} | null} in pixels of the photograph */
  at = null;

  /** @param {import("../view.js").View} view brings it into view if it leaves */
  move(key, view) {
    this.at ??= view.photoPoint(view.width / 2, view.height / 2);
    const step = Math.max(1, (STEP * Math.min(view.width, view.height)) / view.scale);
    const [dx, dy] = DIRECTIONS[key];
    this.at = { x: this.at.x + dx * step, y: this.at.y + dy * step };
    const { x, y } = this.at;
    view.reveal([x, y, x, y]);
  }

  /** @param {number} pixel length of a CSS pixel in pixels of the photograph */
  draw(context, pixel) {
    if (!this.at) return;
    const { x, y } = this.at;
    context.beginPath();
    for (const [dx, dy] of Object.values(DIRECTIONS)) {
      context.moveTo(x + 3 * pixel * dx, y + 3 * pixel * dy);
      context.lineTo(x + 12 * pixel * dx, y + 12 * pixel * dy);
    }
    for (const [colour, width] of [["#000000", 4], ["#ffffff", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * pixel;
      context.stroke();
    }
  }
}
