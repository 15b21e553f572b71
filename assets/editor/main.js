// <mask-editor>: couples photograph, mask, tools, keys and saving.
import { buildLevels } from "../levels.js";
import { Scene, loadPhoto } from "../scene.js";
import { viewKeys } from "../view.js";
import { askAbout } from "./conflict.js";
import { Cross } from "./cross.js";
import { listen } from "./gestures.js";
import { fillSheet, listenToKeys, shortcuts } from "./keys.js";
import { Labels } from "./labels.js";
import { MaskDocument } from "./mask.js";
import { offerDrafts } from "./offer.js";
import { Panel } from "./panel.js";
import { Polygon, Trace } from "./paths.js";
import { Session } from "./session.js";
import { Surface } from "./surface.js";
import { Brush, Fill } from "./tools.js";
import { Tracing } from "./tracing.js";

class MaskEditor extends HTMLElement {
  #held = null;
  #spaceHeld = false;
  #pointer = null;
  cross = new Cross();

  async connectedCallback() {
    this.life = new AbortController();
    try {
      await this.#load();
      this.dataset.ready = "";
      await offerDrafts(this.part("[data-banner]"), this.session, this.hint);
    } catch (error) {
      this.part("[data-note]").textContent = `The editor cannot begin: ${error.message}`;
      this.part("[data-state]").textContent = "";
    }
  }

  disconnectedCallback() {
    this.life.abort();
    this.surface?.observer.disconnect();
    this.tracing?.worker?.terminate();
  }

  part(selector) {
    return this.querySelector(selector);
  }

  async #load() {
    const [width, height] = [Number(this.dataset.width), Number(this.dataset.height)];
    const base = `/api/v1/predictions/${this.dataset.id}`;
    const labels = new Labels(this.dataset);
    const [begun, [photo, reduced]] = await Promise.all([Session.base(labels, this.dataset.model), loadPhoto(`${base}/photo`)]);
    this.mask = new MaskDocument(width, height, begun.data.slice());
    this.session = new Session(labels, this.mask, begun);
    this.options = new Panel(this, () => this.#styleChanged(), this.life.signal);
    const scene = new Scene(photo, reduced, { levels: this.mask.levels });
    this.surface = new Surface(this.part("[data-stage]"), scene, this.mask, () => this.#style());
    const cut = Math.round(Number(this.dataset.threshold) * 65535);
    this.tracing = new Tracing({ base: new URL(base, location.href).href, width, height, cut });
    this.#wire();
    this.part("[data-note]").textContent = "";
  }

  #wire() {
    const { signal } = this.life;
    this.hint = (text) => (this.part("[data-hint]").textContent = text);
    this.showPath = (open) => (this.part("[data-path]").hidden = !open);
    this.stepped = (step) => {
      if (!step) return;
      this.session.stepped(step.tool);
      // Who has used a tool needs no telling any more, and the photograph is seen whole.
      this.hint("");
    };
    this.tools = {
      brush: new Brush(this, "brush"),
      eraser: new Brush(this, "eraser"),
      trace: new Trace(this, this.tracing),
      polygon: new Polygon(this),
      fill: new Fill(this),
      hand: { name: "hand", hintText: "Drag to move. The wheel zooms.", touchHint: "Drag to move. Two fingers zoom." },
    };
    this.mask.onChange = (rect) => this.surface.changed(rect);
    this.session.onChange = () => this.#showState();
    this.surface.onView = () => this.#showView();
    listen(this.surface.canvas, this.surface.view, this.#gestures(), signal);
    const rows = shortcuts(this.#actions());
    fillSheet(this.part("[data-shortcuts]"), rows);
    listenToKeys(rows, { space: (held) => this.#space(held), release: () => this.#hold(null) }, signal);
    this.#listenToButtons();
    addEventListener("beforeunload", (event) => this.session.atRisk && event.preventDefault(), { signal });
    // On a narrow window the photograph needs the room.
    if (matchMedia("(max-width: 60rem)").matches) this.part("[data-look]").open = false;
    this.choose("brush");
    this.#showState();
  }

  #gestures() {
    return {
      moves: () => this.tool.name === "hand" || this.#spaceHeld || this.#held !== null,
      changed: () => this.surface.redraw(),
      hover: (at) => this.#hover(at),
      down: (at, erase) => {
        this.cross.at = null;
        this.tool.down(at, erase);
      },
      move: (points) => this.tool.move(points),
      up: () => this.tool.up(),
      cancel: () => this.tool.cancel(),
    };
  }

  #actions() {
    return {
      choose: (name) => this.choose(name),
      resize: (direction) => this.options.resize(direction),
      toggleRemove: () => this.options.set({ remove: !this.options.remove }),
      toggleOutline: () => this.options.set({ outlined: !this.options.outlined }),
      enter: () => this.#enter(),
      undoPoint: () => this.tool.undoPoint?.(),
      leave: () => this.tool.leave?.(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      save: () => this.save(),
      view: (event) => {
        viewKeys(this.surface.view)[event.key]();
        this.surface.redraw();
      },
      cross: (event) => this.#moveCross(event.key),
      hold: (what) => this.#hold(what),
      help: () => this.part("[data-sheet]").showModal(),
    };
  }

  #listenToButtons() {
    const { signal } = this.life;
    const { view } = this.surface;
    const zooms = { "zoom-in": () => view.zoomIn(), "zoom-out": () => view.zoomOut(), fit: () => view.fit(), actual: () => view.zoomTo(1) };
    const { undo, redo, save, help, undoPoint } = this.#actions();
    const acts = { undo, redo, save, help, "point-back": undoPoint, finish: () => this.tool.finish?.() };
    this.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.tool) this.choose(button.dataset.tool);
      acts[button?.dataset.do]?.();
      if (!zooms[button?.dataset.do]) return;
      zooms[button.dataset.do]();
      this.surface.redraw();
    }, { signal });
    const bar = this.part(".editor-tools");
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...bar.querySelectorAll("button")];
      const next = buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length);
      this.choose(next.dataset.tool);
      next.focus();
    }, { signal });
    for (const button of this.querySelectorAll("[data-hold]")) {
      const isPress = (event) => event.key === " " || event.key === "Enter";
      const on = (type, handler) => button.addEventListener(type, handler, { signal });
      on("pointerdown", () => this.#hold(button.dataset.hold));
      for (const type of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) on(type, () => this.#hold(null));
      on("keydown", (event) => isPress(event) && this.#hold(button.dataset.hold));
      on("contextmenu", (event) => event.preventDefault());
    }
  }

  /** Takes a tool into the hand. */
  choose(name) {
    this.tool?.leave?.();
    this.tool = this.tools[name];
    this.tool.take?.();
    const { tool, surface } = this;
    for (const button of this.querySelectorAll("[data-tool]")) {
      const chosen = button.dataset.tool === name;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
    this.dataset.tool = name;
    this.options.showFor(name);
    this.hint(matchMedia("(pointer: coarse)").matches ? tool.touchHint : tool.hintText);
    surface.sketch = (context, pixel) => {
      tool.draw?.(context, pixel);
      this.cross.draw(context, pixel);
    };
    surface.sketchChanged();
    this.#hover(this.#pointer);
  }

  /** Takes back the last click of an open trace or polygon, else the last step. */
  undo() {
    if (this.mask.open) return;
    if (!this.tool.undoPoint?.()) this.undoStep();
  }

  undoStep() {
    if (this.mask.undo()) this.session.stepped();
  }

  redo() {
    if (!this.mask.open && this.mask.redo()) this.session.stepped();
  }

  async save() {
    // Half a stroke is not what is meant.
    if (this.mask.open) return;
    const ask = (both) => {
      const answer = askAbout(this.part("[data-conflict]"), this.surface.scene, this.#style(), both);
      this.surface.redraw();
      return answer;
    };
    try {
      if (await this.session.save(ask)) this.hint(this.session.savedText);
    } catch (error) {
      this.hint(`Not saved: ${error.message}`);
    }
  }

  #style() {
    const { opacity, colour, outlined } = this.options;
    return { cut: 1, opacity, colour, outlined, hidden: this.#held === "photo" };
  }

  #styleChanged() {
    this.surface?.redraw();
    if (this.tool) this.#hover(this.#pointer);
  }

  #hover(at) {
    this.#pointer = at;
    this.surface.showRing(this.tool.ringed && !this.#spaceHeld ? at : null, this.options.size);
    this.tool.hover?.(at);
    const inside = at && at.x >= 0 && at.y >= 0 && at.x < this.mask.width && at.y < this.mask.height;
    this.part("[data-readout]").textContent = inside ? `x ${Math.floor(at.x)} px, y ${Math.floor(at.y)} px` : "";
  }

  #space(held) {
    this.#spaceHeld = held;
    this.dataset.space = held;
    this.#hover(this.#pointer);
  }

  /** Shows the photograph alone, or the mask as it was before, or the mask again. */
  #hold(what) {
    if (what === this.#held) return;
    if (what === "before") {
      const { width, height } = this.mask;
      this.surface.showLevels(buildLevels({ data: this.session.base.data, width, height }));
    } else {
      this.surface.showLevels(this.mask.levels);
    }
    this.#held = what;
    for (const button of this.querySelectorAll("[data-hold]")) button.setAttribute("aria-pressed", button.dataset.hold === what);
  }

  #moveCross(key) {
    this.cross.move(key, this.surface.view);
    this.#hover(this.cross.at);
    this.surface.redraw();
  }

  /** Acts at the cross if there is one, else ends what was begun. */
  #enter() {
    if (!this.cross.at) return this.tool.finish?.();
    if (this.tool.name === "hand") return;
    this.tool.down(this.cross.at, false);
    this.tool.up();
  }

  #showState() {
    const { mask, session } = this;
    this.part("[data-do=undo]").disabled = mask.done.length === 0;
    this.part("[data-do=redo]").disabled = mask.undone.length === 0;
    this.part("[data-do=save]").disabled = !session.unsaved || session.saving;
    if (this.part("[data-state]").textContent !== session.text) this.part("[data-state]").textContent = session.text;
    this.dataset.unsaved = session.unsaved;
    const percent = (100 * mask.crackPixels) / (mask.width * mask.height);
    this.part("[data-share]").textContent = `${percent > 0 && percent < 0.005 ? "< 0.01" : percent.toFixed(2)} %`;
    this.part("[data-began]").textContent = session.base.text;
  }

  #showView() {
    const percent = this.surface.view.scale * 100;
    this.part("[data-zoom-level]").textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    if (this.#pointer) this.surface.showRing(this.tool.ringed ? this.#pointer : null, this.options.size);
  }
}

customElements.define("mask-editor", MaskEditor);
