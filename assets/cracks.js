// <crack-list>: table, scale and standard below the photograph. The markup comes from the server; this couples it with
// the picture, remembers the scale, and asks anew when the threshold rests.
import { plot, profileOf } from "./profile.js";
import { digits } from "./ramp.js";
import { sortable } from "./table.js";

/** Thresholds whose cracks are kept, so that moving back and forth does not fetch them again. */
const KEPT = 4;

class CrackList extends HTMLElement {
  #geometry = new Map();
  #sort = { column: 0, down: false };
  #selected = null;
  #restoring = false;
  /** What is being typed into the control of the scale while the threshold brings a new one. */
  #draft = null;
  #formHadFocus = false;

  connectedCallback() {
    this.life = new AbortController();
    this.viewer = this.closest("article").querySelector("crack-viewer");
    this.measures = this.viewer.measures;
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal: this.life.signal });
    on(this, "htmx:afterSwap", (event) => event.target === this && this.#adopt());
    on(this, "htmx:responseError", () => this.#refused());
    on(this.viewer, "hairline:threshold", () => this.#load(this.#part("[data-measured]").dataset));
    on(this.viewer, "hairline:hover", ({ detail }) => this.#point(detail, true));
    on(this.viewer, "hairline:pick", ({ detail }) => this.#select(detail, true));
    on(this.viewer, "hairline:ruled", ({ detail }) => this.#showPoints(detail));
    this.#listenToRows(on);
    this.#listenToForms(on);
    let width = this.clientWidth;
    // Only another width needs another plot; its own readout changes the height.
    this.resizeObserver = new ResizeObserver(() => {
      if (this.clientWidth === width) return;
      width = this.clientWidth;
      this.#showProfile();
    });
    this.resizeObserver.observe(this);
    // Cards far down wait until they are come near to.
    this.nearObserver = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && this.#begin(), { rootMargin: "100% 0px" });
    this.nearObserver.observe(this.closest("article"));
  }

  disconnectedCallback() {
    this.life.abort();
    this.resizeObserver.disconnect();
    this.nearObserver.disconnect();
  }

  #part(selector) {
    return this.querySelector(selector);
  }

  #begin() {
    this.nearObserver.disconnect();
    const shown = this.#part("[data-measured]")?.dataset;
    if (!shown) return;
    const remembered = recall(this.dataset.id);
    const same = !remembered || (remembered.scale === shown.scale && remembered.standard === shown.standard);
    if (shown.asked === "true") this.viewer.showThreshold(Number(shown.threshold));
    if (same || shown.asked === "true") return this.#adopt();
    this.#restoring = true;
    this.#load(remembered);
  }

  /** Asks the server for the same at the slider's threshold. */
  #load({ scale, standard }) {
    const query = `threshold=${this.viewer.threshold}${scale}&standard=${encodeURIComponent(standard)}`;
    window.htmx.ajax("GET", `/predictions/${this.dataset.id}/cracks?${query}`, { source: this, target: this, swap: "innerHTML" });
  }

  /** A remembered scale that is refused would be refused for ever. */
  #refused() {
    if (!this.#restoring) return;
    this.#restoring = false;
    remember(this.dataset.id, null);
    this.#adopt();
  }

  /** Takes over what the server has just sent. */
  async #adopt() {
    const shown = this.#part("[data-measured]").dataset;
    this.#restoring = false;
    this.dataset.ready = "";
    remember(this.dataset.id, { scale: shown.scale, standard: shown.standard });
    const draft = this.#draft;
    this.#draft = null;
    if (draft) this.#part("[data-scale-control]").open = true;
    for (const [id, value] of draft ?? []) if (document.getElementById(id)) document.getElementById(id).value = value;
    for (const field of this.querySelectorAll(".points input")) field.required = false;
    const table = this.#part("table");
    if (table) sortable(table, this.#sort);
    for (const row of this.#rows()) row.tabIndex = 0;
    const scale = new URLSearchParams(shown.scale);
    const given = scale.has("x1") ? [["x1", "y1"], ["x2", "y2"]].map((names) => names.map((name) => Number(scale.get(name)))) : [];
    const points = draft ? this.measures.ruler.points : given;
    // What holds now stands in its field, ready to be changed.
    if (!draft) for (const [name, value] of scale) for (const field of this.querySelectorAll(`[data-way] [name="${name}"]`)) field.value = value;
    this.measures.showScale(shown.mmPerPx ? Number(shown.mmPerPx) : null, points);
    this.#showPoints({ points, done: !this.measures.ruler.active });
    const cracks = await this.#cracksAt(Number(shown.threshold));
    // A newer answer may have come meanwhile.
    if (!cracks || this.#part("[data-measured]")?.dataset !== shown) return;
    if (this.measures.layer?.threshold !== Number(shown.threshold)) this.#selected = null;
    this.measures.showCracks(cracks, Number(shown.threshold));
    this.#select(this.#selected);
  }

  /** Geometry is in pixels, so one answer serves every scale and standard. */
  async #cracksAt(threshold) {
    if (!this.#geometry.has(threshold)) {
      const answer = await fetch(`${this.viewer.base}/cracks?threshold=${threshold}&standard=`, { signal: this.life.signal }).catch(() => null);
      if (!answer?.ok) return null;
      this.#geometry.set(threshold, (await answer.json()).cracks);
      if (this.#geometry.size > KEPT) this.#geometry.delete(this.#geometry.keys().next().value);
    }
    return this.#geometry.get(threshold);
  }

  #rows() {
    return [...this.querySelectorAll("tr[data-crack]")];
  }

  #listenToRows(on) {
    const number = (event) => Number(event.target.closest?.("tr[data-crack]")?.dataset.crack) || null;
    for (const type of ["pointerover", "focusin"]) on(this, type, (event) => number(event) !== this.measures.hot && this.#point(number(event)));
    for (const type of ["pointerleave", "focusout"]) on(this, type, () => this.#point(null));
    const inside = (event) => event.target.closest("summary, a, button, details");
    on(this, "click", (event) => number(event) && !inside(event) && this.#select(number(event)));
    on(this, "keydown", (event) => {
      if (event.key === "Escape") return this.#select(null);
      if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches("tr[data-crack]")) return;
      event.preventDefault();
      this.#select(number(event));
    });
  }

  #listenToForms(on) {
    on(this, "click", (event) => {
      if (event.target.closest("[data-measure]")) {
        this.measures.measure(this.viewer.view);
        if (this.measures.ruler.active) {
          this.viewer.canvas.scrollIntoView({ block: "nearest" });
          this.viewer.canvas.focus({ preventScroll: true });
        }
      }
      if (event.target.closest("[data-close]")) this.#select(null);
      if (event.target.closest("[data-set-scale]")) {
        this.#part("[data-scale-control]").open = true;
        this.#part("[data-scale-control] summary").focus();
      }
    });
    // Before HTMX sees it: two points are needed, and whoever changes the threshold keeps what is open.
    this.addEventListener("submit", (event) => {
      const missing = event.target.dataset.way === "points" && event.target.elements.x2.value === "";
      if (!missing) return;
      event.preventDefault();
      event.stopPropagation();
      event.target.querySelector(".problem-text").textContent = "First mark two points on the photograph.";
    }, { signal: this.life.signal, capture: true });
    on(this, "htmx:beforeSwap", (event) => {
      const control = this.#part("[data-scale-control]");
      const typing = event.detail.requestConfig.elt === this && control?.open;
      this.#draft = typing ? [...control.querySelectorAll("input[id]")].map(({ id, value }) => [id, value]) : null;
    });
    on(this, "htmx:afterSettle", (event) => {
      if (event.target === this && document.activeElement === document.body && this.#formHadFocus) this.#part("[data-scale-control] summary")?.focus({ preventScroll: true });
      this.#formHadFocus = false;
    });
    on(this, "htmx:beforeRequest", () => (this.#formHadFocus = this.contains(document.activeElement)));
  }

  #showPoints({ points, done }) {
    const form = this.#part("[data-way=points]");
    if (!form) return;
    const ready = points.length === 2;
    const [a, b] = ready ? points : [["", ""], ["", ""]];
    Object.entries({ x1: a[0], y1: a[1], x2: b[0], y2: b[1] }).forEach(([name, value]) => (form.elements[name].value = value));
    form.querySelector("[data-points]").textContent = ready ? `Two points, ${digits(Math.hypot(b[0] - a[0], b[1] - a[1]), 4)} px apart` : "";
    const button = form.querySelector("[data-measure]");
    button.setAttribute("aria-pressed", String(!done));
    form.querySelector(".problem-text").textContent = "";
    // Only after a measurement: a page that has just come must not take the focus.
    if (done && ready && document.activeElement === this.viewer.canvas) {
      form.elements.distance_mm.focus();
      form.elements.distance_mm.select();
    }
  }

  #point(number, reveal = false) {
    this.measures.mark({ hot: number });
    for (const row of this.#rows()) {
      const hot = Number(row.dataset.crack) === number;
      row.classList.toggle("hot", hot);
      if (hot && reveal) showIn(this.#part("[data-rows]"), row);
    }
  }

  #select(number, reveal = false) {
    this.#selected = this.measures.layer?.crack(number) ? number : null;
    this.measures.mark({ selected: this.#selected, place: null });
    for (const row of this.#rows()) {
      const chosen = Number(row.dataset.crack) === this.#selected;
      if (chosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      if (chosen && reveal) showIn(this.#part("[data-rows]"), row);
    }
    if (this.#selected) this.viewer.reveal(this.measures.layer.crack(this.#selected).bounds_px);
    this.#showProfile();
  }

  #showProfile() {
    const box = this.#part("[data-profile]");
    const crack = this.measures.layer?.crack(this.#selected);
    if (!box) return;
    box.hidden = !crack;
    if (!crack) return box.replaceChildren();
    const { dataset } = this.#part("[data-measured]");
    const { unit } = dataset;
    const mmPerPx = dataset.mmPerPx ? Number(dataset.mmPerPx) : null;
    const head = document.createElement("p");
    head.className = "profile-head";
    const title = document.createElement("b");
    title.textContent = `Crack ${crack.number}`;
    const facts = document.createElement("span");
    facts.className = "muted facts-left-out";
    facts.textContent = this.#facts(crack.number);
    const readout = document.createElement("output");
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "link", textContent: "Close" });
    close.dataset.close = "";
    head.append(title, readout, close, facts);
    const drawn = plot(profileOf(crack, { mmPerPx, relativeError: Number(dataset.relativeError ?? 0) }), {
      unit,
      resolved: Number(dataset.resolvedPx) * (mmPerPx ?? 1),
      width: Math.max(240, box.clientWidth),
      number: crack.number,
      maxAt: crack.width_max_at_px,
      point: (place) => {
        this.measures.mark({ place: place && [place.x, place.y] });
        readout.textContent = place ? `at ${digits(place.along, 3)} ${unit}: ${digits(place.width, 2)} ${unit} (${digits(place.low, 2)}–${digits(place.high, 2)})` : "";
      },
    });
    const note = document.createElement("p");
    note.className = "muted small";
    note.textContent = "The band is the 95 % interval of a single place. The maximum leaves out tips and junctions.";
    box.replaceChildren(head, drawn, note);
  }

  /** What a narrow table leaves out. */
  #facts(number) {
    const row = this.#part(`tr[data-crack="${number}"]`);
    const headers = [...row.closest("table").tHead.rows[0].cells];
    return [...row.cells]
      .map((cell, i) => [cell, headers[i].textContent.trim()])
      .filter(([cell]) => cell.classList.contains("extra"))
      .map(([cell, header]) => {
        const said = (cell.querySelector("summary") ?? cell).textContent.trim().replace(/\s+/g, " ");
        return `${header.replace(/, .*/, "").toLowerCase()} ${said}`;
      })
      .join(" · ");
  }
}

/** Scrolls the table alone: the photograph must stay where it is. */
function showIn(box, row) {
  const [outer, inner] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
  const head = box.querySelector("thead").offsetHeight;
  if (inner.top < outer.top + head) box.scrollTop -= outer.top + head - inner.top;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom;
}

function recall(id) {
  try {
    return JSON.parse(sessionStorage.getItem(`hairline.scale.${id}`));
  } catch {
    return null;
  }
}

function remember(id, asked) {
  try {
    if (asked) sessionStorage.setItem(`hairline.scale.${id}`, JSON.stringify(asked));
    else sessionStorage.removeItem(`hairline.scale.${id}`);
  } catch {
    // Storage may be blocked; the choice then holds until the page is left.
  }
}

customElements.define("crack-list", CrackList);
