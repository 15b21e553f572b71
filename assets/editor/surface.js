// The two canvases of the editor: photograph and mask below, what is not yet part of the mask above; and the ring that
// shows the brush.
import { View } from "../view.js";

/** Device pixels a canvas may have; beyond that sharpness is not seen but redraws get slow. */
const MAX_CANVAS_PIXELS = 8e6;

/** Draws when the browser is about to paint, and only what has changed. */
export class Surface {
  #frame = 0;
  #whole = true;
  #dirty = null;
  #sketched = false;

  /**
   * @param {HTMLElement} stage holds both canvases
   * @param {import("../scene.js").Scene} scene
   * @param {import("./mask.js").MaskDocument} mask
   * @param {() => import("../scene.js").Style} style
   */
  constructor(stage, scene, mask, style) {
    Object.assign(this, { stage, scene, mask, style });
    this.canvas = stage.querySelector("[data-picture]");
    this.overlay = stage.querySelector("[data-sketch]");
    this.ring = document.createElement("div");
    this.ring.className = "ring";
    this.ring.hidden = true;
    stage.append(this.ring);
    this.view = new View(mask.width, mask.height);
    /** Draws what is not yet part of the mask. */
    this.sketch = null;
    this.onView = () => {};
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(stage);
    this.#resize();
  }

  /** Device pixels in a CSS pixel. */
  get ratio() {
    return this.canvas.width / Math.max(1, this.canvas.clientWidth);
  }

  /** Draws everything anew before the next paint: the view or the style has changed. */
  redraw() {
    this.#whole = true;
    this.#ask();
  }

  /** The mask has changed within `rect`. */
  changed(rect) {
    const { width, height, x, y } = rect;
    const dirty = this.#dirty;
    if (!dirty) this.#dirty = { x, y, right: x + width, bottom: y + height };
    else {
      dirty.right = Math.max(dirty.right, x + width);
      dirty.bottom = Math.max(dirty.bottom, y + height);
      dirty.x = Math.min(dirty.x, x);
      dirty.y = Math.min(dirty.y, y);
    }
    this.#ask();
  }

  /** What `sketch` draws has changed. */
  sketchChanged() {
    this.#sketched = true;
    this.#ask();
  }

  /** Shows the brush around a point of the photograph; null hides it. */
  showRing(at, diameter) {
    this.ring.hidden = !at;
    if (!at) return;
    const { view, ratio, ring } = this;
    const side = Math.max(3, (diameter * view.scale) / ratio);
    const [x, y] = [(at.x * view.scale + Math.round(view.x)) / ratio, (at.y * view.scale + Math.round(view.y)) / ratio];
    if (ring.dataset.side !== String(side)) {
      ring.dataset.side = side;
      ring.style.width = ring.style.height = `${side}px`;
    }
    ring.style.transform = `translate(${x - side / 2}px, ${y - side / 2}px)`;
  }

  /** Another mask is shown, or the usual one again. */
  showLevels(levels) {
    this.scene.setLevels(levels);
    this.redraw();
  }

  #ask() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    const { canvas, view, scene } = this;
    if (this.#whole) {
      if (this.#dirty) scene.setLevels(scene.levels);
      scene.draw(canvas, view, this.style());
      this.onView();
    } else if (this.#dirty) {
      const { x, y, right, bottom } = this.#dirty;
      scene.drawChanged(canvas, view, this.style(), { x, y, width: right - x, height: bottom - y });
    }
    if (this.#whole || this.#sketched) this.#drawSketch();
    this.#whole = this.#sketched = false;
    this.#dirty = null;
  }

  #drawSketch() {
    const context = this.overlay.getContext("2d");
    context.clearRect(0, 0, this.overlay.width, this.overlay.height);
    if (!this.sketch) return;
    context.save();
    context.translate(Math.round(this.view.x), Math.round(this.view.y));
    context.scale(this.view.scale, this.view.scale);
    this.sketch(context, this.ratio / this.view.scale);
    context.restore();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (clientWidth === 0 || clientHeight === 0) return;
    const ratio = Math.min(devicePixelRatio, Math.sqrt(MAX_CANVAS_PIXELS / (clientWidth * clientHeight)));
    const [width, height] = [Math.max(1, Math.round(clientWidth * ratio)), Math.max(1, Math.round(clientHeight * ratio))];
    for (const canvas of [this.canvas, this.overlay]) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    this.view.resize(width, height);
    this.redraw();
  }
}
