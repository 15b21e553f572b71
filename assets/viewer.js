// <crack-viewer>: the controls of a finished result. The markup comes from the server; this adds what needs script.
import { Measures } from "./measures.js";
import { Scene } from "./scene.js";
import { View, listen } from "./view.js";

/** Device pixels a canvas may have; beyond that sharpness is not seen but redraws get slow. */
const MAX_CANVAS_PIXELS = 8e6;
/** Scrolling back and forth must not fetch the same map again and again. */
const RELEASE_AFTER_MS = 3000;
/** A slider that has not moved for this long rests: the cracks are asked for anew. */
const REST_MS = 400;
const STORED = "hairline.overlay";

/** Overlay colour and opacity and what is shown, shared by all viewers and kept between visits. */
const preferences = { colour: "ff5c00", opacity: 0.75, show: "both", ...read() };

function read() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

function prefer(change) {
  Object.assign(preferences, change);
  try {
    localStorage.setItem(STORED, JSON.stringify(preferences));
  } catch {
    // Storage may be blocked; the choice then holds for this page only.
  }
  document.dispatchEvent(new Event("hairline:preferences"));
}

/** Two decimals, as the slider has; a model may need more. */
function figure(threshold) {
  const text = threshold.toFixed(2);
  return Number(text) === threshold ? text : String(threshold);
}

class CrackViewer extends HTMLElement {
  #scene = null;
  #loading = null;
  #frame = 0;
  #announceTimer = 0;
  #releaseTimer = 0;
  #restTimer = 0;
  #comparing = false;

  connectedCallback() {
    const { id, name, width, height, threshold } = this.dataset;
    this.base = `/api/v1/predictions/${id}`;
    this.stem = name.replace(/\.[^.]*$/, "") || "photo";
    this.modelThreshold = this.threshold = Number(threshold);
    this.view = new View(Number(width), Number(height));
    this.canvas = this.querySelector("canvas");
    this.measures = new Measures(this, () => this.#redraw());
    this.part("[data-stage]").style.setProperty("--aspect", `${width} / ${height}`);

    this.life = new AbortController();
    this.changed = listen(this.canvas, this.view, {
      changed: () => this.#redraw(),
      compare: (on) => this.#compare(on),
      hover: (at) => {
        this.#readout(at);
        this.measures.hover(at, this.view);
      },
      tap: (at, pointerType) => this.measures.tap(at, this.view, pointerType),
      key: (event) => this.measures.key(event, this.view),
    }, this.life.signal);
    this.#listenToControls();
    this.#showPreferences();
    this.#showThreshold();

    this.resizeObserver = new ResizeObserver(() => this.#resize());
    this.resizeObserver.observe(this.canvas);
    // A margin of one window: ready when it comes into view, released when it is well away.
    this.nearObserver = new IntersectionObserver((entries) => this.#near(entries.at(-1).isIntersecting), { rootMargin: "100% 0px" });
    this.nearObserver.observe(this);
  }

  disconnectedCallback() {
    this.life.abort();
    this.resizeObserver.disconnect();
    this.nearObserver.disconnect();
    clearTimeout(this.#announceTimer);
    clearTimeout(this.#releaseTimer);
    clearTimeout(this.#restTimer);
    this.#release();
  }

  part(selector) {
    return this.querySelector(selector);
  }

  #near(near) {
    clearTimeout(this.#releaseTimer);
    if (near) this.#load();
    else if (this.#loading) this.#release();
    else this.#releaseTimer = setTimeout(() => this.#release(), RELEASE_AFTER_MS);
  }

  async #load() {
    if (this.#scene || this.#loading) return;
    const loading = (this.#loading = new AbortController());
    try {
      const scene = await Scene.load(this.base, this.view.photoWidth, this.view.photoHeight, loading.signal);
      if (loading.signal.aborted) return scene.close();
      this.#scene = scene;
      this.#resize();
      this.changed();
      this.#showThreshold();
      this.#announce(this.part("[data-verdict]").textContent);
      this.dataset.ready = "";
      this.part("[data-note]").textContent = "";
      this.#clearPreview();
    } catch (error) {
      if (!loading.signal.aborted) this.#showPlain(error);
    } finally {
      if (this.#loading === loading) this.#loading = null;
    }
  }

  #release() {
    this.#loading?.abort();
    this.#loading = null;
    this.#scene?.close();
    this.#scene = null;
    this.canvas.width = this.canvas.height = 0;
    delete this.dataset.ready;
    this.part("[data-note]").textContent = "Loading the photograph";
  }

  /** The page's own copy of the upload; its blob would otherwise live as long as the page. */
  #clearPreview() {
    const preview = this.part("[data-preview]");
    for (const { src } of preview.children) URL.revokeObjectURL(src);
    preview.replaceChildren();
  }

  /** Without the map the server's overlay is still a result. */
  #showPlain(error) {
    const picture = new Image();
    picture.src = this.part("[data-download=overlay]").href;
    picture.alt = this.canvas.getAttribute("aria-label");
    this.part("[data-preview]").replaceChildren(picture);
    this.part("[data-note]").textContent = `Zoom is not available: ${error.message}`;
  }

  #listenToControls() {
    const on = (selector, type, handler) => this.part(selector).addEventListener(type, handler, { signal: this.life.signal });
    on("[data-threshold-slider]", "input", (event) => this.#setThreshold(event.target.valueAsNumber));
    on("[data-threshold-reset]", "click", () => this.#setThreshold(this.modelThreshold));
    on("[data-opacity-slider]", "input", (event) => prefer({ opacity: event.target.valueAsNumber / 100 }));
    on(".colours", "change", (event) => prefer({ colour: event.target.value }));
    on(".shown", "change", (event) => prefer({ show: event.target.value }));
    document.addEventListener("hairline:preferences", () => this.#showPreferences(), { signal: this.life.signal });

    const zooms = {
      in: () => this.view.zoomIn(),
      out: () => this.view.zoomOut(),
      fit: () => this.view.fit(),
      actual: () => this.view.zoomTo(1),
    };
    on(".tools", "click", (event) => {
      const zoom = zooms[event.target.dataset.zoom];
      if (!zoom) return;
      zoom();
      this.changed();
    });

    const isPress = (event) => event.key === " " || event.key === "Enter";
    on("[data-compare]", "pointerdown", () => this.#compare(true));
    for (const type of ["pointerup", "pointerleave", "pointercancel", "blur"]) on("[data-compare]", type, () => this.#compare(false));
    on("[data-compare]", "keydown", (event) => isPress(event) && this.#compare(true));
    on("[data-compare]", "keyup", (event) => isPress(event) && this.#compare(false));
    // A long press must not open the menu of the browser instead.
    on("[data-compare]", "contextmenu", (event) => event.preventDefault());
  }

  #setThreshold(threshold) {
    this.threshold = threshold;
    this.#showThreshold();
    this.#redraw();
    this.#announce();
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.dispatchEvent(new Event("hairline:threshold")), REST_MS);
  }

  /** Shows another threshold at once, as when the address asks for one. */
  showThreshold(threshold) {
    if (threshold === this.threshold) return;
    this.threshold = threshold;
    this.#showThreshold();
    this.#redraw();
  }

  /** Brings a rectangle of the photograph, in its pixels, into view. */
  reveal(bounds) {
    this.view.reveal(bounds);
    this.changed();
  }

  #showThreshold() {
    const { threshold } = this;
    const value = figure(threshold);
    const slider = this.part("[data-threshold-slider]");
    slider.value = threshold;
    slider.setAttribute("aria-valuetext", value);
    this.part("[data-threshold-value]").textContent = value;
    const reset = this.part("[data-threshold-reset]");
    reset.textContent = `Reset to ${figure(this.modelThreshold)}`;
    reset.disabled = threshold === this.modelThreshold;
    if (this.#scene) {
      const share = this.#scene.share(threshold);
      const percent = share > 0 && share < 0.00005 ? "< 0.01" : (share * 100).toFixed(2);
      const atModel = threshold === this.modelThreshold;
      const found = atModel ? this.dataset.hasCrack.toLowerCase() === "true" : share > 0;
      this.part("[data-share]").textContent = `${percent} %`;
      this.part("[data-verdict]").textContent = found ? "Cracks found" : "No crack found";
      this.canvas.setAttribute("aria-label", `${this.dataset.name}, share of area ${percent} %`);
    }
    this.#showLinks();
  }

  #showPreferences() {
    const percent = Math.round(preferences.opacity * 100);
    this.part("[data-opacity-slider]").value = percent;
    this.part("[data-opacity-slider]").setAttribute("aria-valuetext", `${percent} %`);
    this.part("[data-opacity-value]").textContent = `${percent} %`;
    const radio = this.part(`.colours input[value="${CSS.escape(preferences.colour)}"]`);
    if (radio) radio.checked = true;
    else preferences.colour = this.part(".colours input").value;
    const shown = this.part(`.shown input[value="${CSS.escape(preferences.show)}"]`);
    if (shown) shown.checked = true;
    else preferences.show = "both";
    this.#showLinks();
    this.#redraw();
  }

  #showLinks() {
    const { colour, opacity } = preferences;
    const link = (which, file) => {
      const a = this.part(`[data-download=${which}]`);
      a.href = `${this.base}/${file}`;
      a.download = `${this.stem}.${which}.png`;
    };
    link("mask", `mask.png?threshold=${this.threshold}`);
    link("overlay", `overlay.png?threshold=${this.threshold}&opacity=${opacity}&colour=${colour}`);
    link("prob", "probabilities.png");
  }

  /** Speaks once the slider rests, not at every step. */
  #announce(verdict = "") {
    clearTimeout(this.#announceTimer);
    this.#announceTimer = setTimeout(() => {
      const share = `Share of area ${this.part("[data-share]").textContent}`;
      this.part("[data-status]").textContent = verdict ? `${this.dataset.name}: ${verdict}. ${share}` : share;
    }, 500);
  }

  #compare(on) {
    if (on === this.#comparing) return;
    this.#comparing = on;
    this.part("[data-compare]").setAttribute("aria-pressed", String(on));
    this.#redraw();
  }

  #readout(at) {
    const pixel = at && this.#scene && this.view.photoPixel(at.x, at.y);
    this.part("[data-readout]").textContent = pixel
      ? `x ${pixel.x} px, y ${pixel.y} px · probability ${this.#scene.probability(pixel).toFixed(2)}`
      : "";
  }

  #resize() {
    if (!this.#scene) return;
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(devicePixelRatio, Math.sqrt(MAX_CANVAS_PIXELS / Math.max(1, clientWidth * clientHeight)));
    const width = Math.max(1, Math.round(clientWidth * ratio));
    const height = Math.max(1, Math.round(clientHeight * ratio));
    if (width !== this.canvas.width || height !== this.canvas.height) Object.assign(this.canvas, { width, height });
    this.view.resize(width, height);
    this.#draw();
  }

  #redraw() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#scene) return;
    const style = { ...preferences, threshold: this.threshold, hidden: this.#comparing };
    this.#scene.draw(this.canvas, this.view, { ...style, hidden: style.hidden || style.show === "widths" });
    this.measures.draw(this.canvas, this.view, style);
    const percent = this.view.scale * 100;
    this.part("[data-zoom-level]").textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
  }
}

customElements.define("crack-viewer", CrackViewer);
