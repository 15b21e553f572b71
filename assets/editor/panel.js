// Options of the editor: size, opacity, colours; kept between visits.

const STORED = "hairline.editor";
/** Largest brush in photograph pixels. */
const MAX_SIZE = 256;
const DEFAULTS = { size: 8, opacity: 0.45, outlined: true, colour: "ff5c00", traceWidth: "measured" };

function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(STORED)) };
  } catch {
    return { ...DEFAULTS };
  }
}

/** Slider positions are in equal ratios, so that fine sizes can be met. */
const toSlider = (size) => (100 * Math.log(size)) / Math.log(MAX_SIZE);
const fromSlider = (place) => Math.round(MAX_SIZE ** (place / 100));

/** Shows the options and takes changes. */
export class Panel {
  /**
   * @param {HTMLElement} root
   * @param {() => void} changed called when an option has changed
   * @param {AbortSignal} signal
   */
  constructor(root, changed, signal) {
    Object.assign(this, { root, changed, ...read(), remove: false });
    const on = (selector, type, take) => this.part(selector).addEventListener(type, (event) => this.set(take(event.target)), { signal });
    on("[data-size]", "input", (slider) => ({ size: fromSlider(slider.valueAsNumber) }));
    on("[data-opacity]", "input", (slider) => ({ opacity: slider.valueAsNumber / 100 }));
    on("[data-outline]", "change", (box) => ({ outlined: box.checked }));
    on("[data-remove]", "change", (box) => ({ remove: box.checked }));
    on(".colours", "change", (radio) => ({ colour: radio.value }));
    on(".widths", "change", (radio) => ({ traceWidth: radio.value }));
    this.#show();
  }

  part(selector) {
    return this.root.querySelector(selector);
  }

  /** Changes options. */
  set(change) {
    Object.assign(this, change);
    this.#show();
    const kept = Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, this[key]]));
    try {
      localStorage.setItem(STORED, JSON.stringify(kept));
    } catch {
      // Storage may be blocked; the choice then holds for this page only.
    }
    this.changed();
  }

  /** A broader or finer brush, by a step that feels the same at any size. */
  resize(direction) {
    const next = Math.round(this.size * 1.2 ** direction);
    this.set({ size: Math.min(MAX_SIZE, Math.max(1, next === this.size ? this.size + direction : next)) });
  }

  /** Shows what belongs to a tool. */
  showFor(tool) {
    for (const element of this.root.querySelectorAll("[data-for]")) element.hidden = !element.dataset.for.split(" ").includes(tool);
  }

  #show() {
    this.part("[data-size]").value = toSlider(this.size);
    this.part("[data-size]").setAttribute("aria-valuetext", `${this.size} px`);
    this.part("[data-size-value]").textContent = `${this.size} px`;
    const percent = Math.round(100 * this.opacity);
    this.part("[data-opacity]").value = percent;
    this.part("[data-opacity]").setAttribute("aria-valuetext", `${percent} %`);
    this.part("[data-opacity-value]").textContent = `${percent} %`;
    this.part("[data-outline]").checked = this.outlined;
    this.part("[data-remove]").checked = this.remove;
    for (const radio of this.root.querySelectorAll(".colours input")) radio.checked = radio.value === this.colour;
    for (const radio of this.root.querySelectorAll(".widths input")) radio.checked = radio.value === this.traceWidth;
  }
}
