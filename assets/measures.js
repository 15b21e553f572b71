// What a viewer shows of measured cracks: lines and numbers, scale bar, legend, and the ruler.
import { Layer, drawRing } from "./layer.js";
import { digits, niceBelow } from "./ramp.js";
import { Ruler } from "./ruler.js";

/** How near a pointer must be to a crack, in CSS pixels. */
const REACH = { mouse: 10, touch: 22 };
const BAR_PX = 130;
const HINTS = ["Click the first point; arrows and Enter do it, too. Escape ends.", "Click the second point."];

export class Measures {
  /** @param {HTMLElement} viewer @param {() => void} redraw */
  constructor(viewer, redraw) {
    Object.assign(this, { viewer, redraw, layer: null, hot: null, selected: null, place: null, mmPerPx: null, unit: 1 });
    this.ruler = new Ruler((points, done) => this.#ruled(points, done));
    this.part = (name) => viewer.querySelector(`[data-${name}]`);
  }

  /** Takes cracks as the API gives them. */
  showCracks(cracks, threshold) {
    if (this.layer?.threshold !== threshold) this.hot = this.selected = this.place = null;
    this.layer = new Layer(cracks, threshold);
    this.redraw();
  }

  /** Takes millimetres per pixel, or null; and the two points that they come from, if they do. */
  showScale(mmPerPx, points) {
    this.mmPerPx = mmPerPx;
    if (!this.ruler.active) this.ruler.points = points;
    this.redraw();
  }

  /** Marks the crack that is pointed at, the one whose profile is open, or a place on it. */
  mark(change) {
    Object.assign(this, change);
    this.redraw();
  }

  draw(canvas, view, { show, threshold, hidden }) {
    this.unit = canvas.width / Math.max(1, canvas.clientWidth);
    const context = canvas.getContext("2d");
    // While the slider moves, the lines are those of another threshold.
    const fresh = this.layer && this.layer.threshold === threshold && !hidden;
    const lines = show !== "mask";
    if (fresh) this.layer.draw(context, view, { unit: this.unit, lines, hot: this.hot, selected: this.selected });
    if (fresh && this.place) {
      const [x, y] = this.place;
      drawRing(context, { x: x * view.scale + Math.round(view.x), y: y * view.scale + Math.round(view.y) }, this.unit, true);
    }
    if (!hidden) this.ruler.draw(context, view, this.unit);
    this.#showBar(view);
    this.#showLegend(fresh && lines && this.layer.items.length > 0);
  }

  #showBar(view) {
    const bar = this.part("bar");
    const perCssPixel = (this.unit / view.scale) * (this.mmPerPx ?? 1);
    const length = niceBelow(BAR_PX * perCssPixel);
    bar.hidden = false;
    bar.style.width = `${length / perCssPixel}px`;
    bar.textContent = `${digits(length, 1)} ${this.mmPerPx ? "mm" : "px"}`;
  }

  #showLegend(on) {
    const legend = this.part("legend");
    legend.hidden = !on;
    if (!on) return;
    const unit = this.mmPerPx ? "mm" : "px";
    this.part("legend-low").textContent = "Width 0";
    this.part("legend-high").textContent = `≥ ${digits(this.layer.topPx * (this.mmPerPx ?? 1), 2)} ${unit}`;
  }

  hover(at, view) {
    if (this.ruler.active) {
      if (at) this.#moveRuler(at, view);
      return;
    }
    const number = at && this.#crackAt(at, view, REACH.mouse);
    this.viewer.querySelector("canvas").classList.toggle("pointing", Boolean(number));
    if (number !== this.hot) this.#tell("hover", number);
  }

  tap(at, view, pointer) {
    if (this.ruler.active) {
      this.#moveRuler(at, view);
      this.ruler.set();
      return;
    }
    const number = this.#crackAt(at, view, pointer === "touch" ? REACH.touch : REACH.mouse);
    if (number) this.#tell("pick", number);
  }

  key(event, view) {
    if (!this.ruler.active || !this.ruler.key(event, view, this.unit)) return false;
    this.redraw();
    return true;
  }

  measure(view) {
    if (this.ruler.active) this.ruler.stop();
    else this.ruler.start(view);
  }

  #moveRuler(at, view) {
    this.ruler.move(view, at);
    this.redraw();
  }

  #ruled(points, done) {
    this.part("hint").textContent = done ? "" : HINTS[points.length];
    this.viewer.toggleAttribute("data-measuring", !done);
    this.#tell("ruled", { points, done });
    this.redraw();
  }

  #crackAt(at, view, reach) {
    if (!this.layer) return null;
    const place = { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
    return this.layer.at(place, (reach * this.unit) / view.scale);
  }

  #tell(what, detail) {
    this.viewer.dispatchEvent(new CustomEvent(`hairline:${what}`, { detail }));
  }
}
