// Tools that change the mask at once: brush, eraser and fill.
import { stretch, turnArea } from "./raster.js";

/** What fill may turn at most, as a share of the photograph: the surface itself is never meant. */
const LARGEST_FILL = 0.25;
const [PAINT, ERASE] = [1, 0];

/**
 * @typedef {object} Desk what tools work on
 * @property {import("./mask.js").MaskDocument} mask
 * @property {import("./surface.js").Surface} surface
 * @property {{size: number, remove: boolean, colour: string, traceWidth: string}} options
 * @property {(text: string) => void} hint
 * @property {(open: boolean) => void} showPath says whether a trace or polygon is open
 * @property {(step: import("./mask.js").Step | null) => void} stepped says that a step was made; null if nothing has changed
 * @property {() => void} undoStep takes the last step back
 */

/** Paints or erases along the pointer. The right button turns one into the other. */
export class Brush {
  ringed = true;

  /** @param {Desk} desk */
  constructor(desk, name) {
    Object.assign(this, { desk, name, last: null });
    this.hintText = name === "brush" ? "Paint over cracks. The right button erases." : "Wipe away what is no crack. The right button paints.";
    this.touchHint = name === "brush" ? "Paint over cracks. Two fingers move and zoom." : "Wipe away what is no crack. Two fingers move and zoom.";
  }

  down(at, other) {
    this.value = (this.name === "brush") !== other ? PAINT : ERASE;
    this.desk.mask.begin(this.value === PAINT ? "brush" : "eraser");
    this.last = this.#place(at);
    stretch(this.desk.mask, this.last, this.last, this.value);
  }

  move(points) {
    for (const at of points) {
      const next = this.#place(at);
      stretch(this.desk.mask, this.last, next, this.value);
      this.last = next;
    }
  }

  up() {
    this.desk.stepped(this.desk.mask.commit());
  }

  cancel() {
    this.desk.mask.cancel();
  }

  /** The finest brush paints the pixel that it is on, wherever on it. */
  #place({ x, y }) {
    const { size } = this.desk.options;
    return size > 1 ? { x, y, r: size / 2 } : { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5, r: 0.5 };
  }
}

/** Fills a hole, or removes a marked area, with one click. */
export class Fill {
  name = "fill";
  touchHint = "Tap a hole to fill it, or a marked area to remove it.";
  hintText = "Click a hole to fill it, or a marked area to remove it.";

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  down({ x, y }) {
    const { mask } = this.desk;
    const [px, py] = [Math.floor(x), Math.floor(y)];
    if (px < 0 || py < 0 || px >= mask.width || py >= mask.height) return;
    mask.begin("fill");
    const turned = turnArea(mask, px, py, LARGEST_FILL * mask.width * mask.height);
    this.desk.stepped(mask.commit());
    this.desk.hint(turned ? "" : "This area is too large: nothing was filled. Close its outline first.");
  }

  move() {}
  up() {}
  cancel() {}
}
