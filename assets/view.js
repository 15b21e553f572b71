// Where the photograph lies in the window: arithmetic, and the gestures that change it.

const STEP = 1.5;
const MAX_SCALE = 40;
/** A press that moves less than this many CSS pixels is a tap. */
const TAP_PX = 6;
/** A wheel turn within this time of a page scroll belongs to that scroll, not to the photograph under the pointer. */
const SCROLL_PAUSE_MS = 250;

/** Maps photograph pixels to device pixels: `device = photo × scale + (x, y)`. */
export class View {
  constructor(photoWidth, photoHeight) {
    Object.assign(this, { photoWidth, photoHeight, width: 1, height: 1, scale: 1, x: 0, y: 0, fitted: true });
  }

  get fitScale() {
    return Math.min(this.width / this.photoWidth, this.height / this.photoHeight);
  }

  /** Takes a new window size; what was in the middle stays there. */
  resize(width, height) {
    const cx = (this.width / 2 - this.x) / this.scale;
    const cy = (this.height / 2 - this.y) / this.scale;
    Object.assign(this, { width, height });
    if (this.fitted) return this.fit();
    this.x = width / 2 - cx * this.scale;
    this.y = height / 2 - cy * this.scale;
    this.#clamp();
  }

  fit() {
    this.scale = this.fitScale;
    this.fitted = true;
    this.#clamp();
  }

  /** Changes the scale; the device pixel (x, y), by default the middle, keeps its place. */
  zoomTo(scale, x = this.width / 2, y = this.height / 2) {
    const least = Math.min(this.fitScale, 1);
    const next = Math.min(Math.max(scale, least), Math.max(MAX_SCALE, least));
    this.x = x - ((x - this.x) * next) / this.scale;
    this.y = y - ((y - this.y) * next) / this.scale;
    this.scale = next;
    this.fitted = Math.abs(next / this.fitScale - 1) < 1e-6;
    this.#clamp();
  }

  zoomIn(x, y) {
    this.zoomTo(this.scale * STEP, x, y);
  }

  zoomOut(x, y) {
    this.zoomTo(this.scale / STEP, x, y);
  }

  /** Brings a rectangle of the photograph to the middle unless it is in the window already. */
  reveal([left, top, right, bottom]) {
    const inside = (low, high, offset, window) => low * this.scale + offset >= 0 && high * this.scale + offset <= window;
    if (inside(left, right, this.x, this.width) && inside(top, bottom, this.y, this.height)) return;
    this.panBy(this.width / 2 - ((left + right) / 2) * this.scale - this.x, this.height / 2 - ((top + bottom) / 2) * this.scale - this.y);
  }

  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#clamp();
  }

  /** Is any part of the photograph outside the window? */
  get pannable() {
    return this.photoWidth * this.scale > this.width + 1 || this.photoHeight * this.scale > this.height + 1;
  }

  /** The point of the photograph, in its pixels, that is drawn at a device pixel; may lie beside it. */
  photoPoint(x, y) {
    // Drawing puts the photograph on whole device pixels.
    return { x: (x - Math.round(this.x)) / this.scale, y: (y - Math.round(this.y)) / this.scale };
  }

  /** The photograph pixel under a device pixel, or null beside the photograph. */
  photoPixel(x, y) {
    const px = Math.floor((x - this.x) / this.scale);
    const py = Math.floor((y - this.y) / this.scale);
    return px >= 0 && py >= 0 && px < this.photoWidth && py < this.photoHeight ? { x: px, y: py } : null;
  }

  #clamp() {
    this.x = place(this.x, this.photoWidth * this.scale, this.width);
    this.y = place(this.y, this.photoHeight * this.scale, this.height);
  }
}

/** The device pixel of `canvas` under a pointer. */
export function canvasPoint(canvas, event) {
  const box = canvas.getBoundingClientRect();
  const ratio = canvas.width / box.width;
  return { x: (event.clientX - box.left) * ratio, y: (event.clientY - box.top) * ratio };
}

/** Zooms as a turn of the wheel at a device pixel asks. */
export function wheelZoom(view, event, { x, y }) {
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
  // A trackpad pinch arrives as a wheel with Ctrl and small deltas.
  const speed = event.ctrlKey ? 0.01 : 0.002;
  view.zoomTo(view.scale * Math.exp(-Math.max(-300, Math.min(300, event.deltaY * lines)) * speed), x, y);
}

/** Moves and zooms as one of two fingers goes from `before` to `now` while the other rests. */
export function pinch(view, before, now, other) {
  const spread = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  view.panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  view.zoomTo(view.scale * spread, middle.x, middle.y);
}

/** What keys do to a view. */
export function viewKeys(view) {
  const [stepX, stepY] = [() => view.width / 8, () => view.height / 8];
  return {
    "+": () => view.zoomIn(),
    "=": () => view.zoomIn(),
    "-": () => view.zoomOut(),
    0: () => view.fit(),
    1: () => view.zoomTo(1),
    ArrowLeft: () => view.panBy(stepX(), 0),
    ArrowRight: () => view.panBy(-stepX(), 0),
    ArrowUp: () => view.panBy(0, stepY()),
    ArrowDown: () => view.panBy(0, -stepY()),
  };
}

/** Centres what is smaller than the window; keeps the rest from leaving it. */
function place(offset, size, window) {
  return size <= window ? (window - size) / 2 : Math.min(0, Math.max(window - size, offset));
}

let lastScroll = -Infinity;
addEventListener("scroll", () => (lastScroll = performance.now()), { passive: true });

/**
 * Lets pointer, wheel and keys on `canvas` move `view`.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {{changed: () => void, compare: (on: boolean) => void, hover: (at: {x: number, y: number} | null) => void,
 *   tap: (at: {x: number, y: number}, pointerType: string) => void, key: (event: KeyboardEvent) => boolean}} on
 * @param {AbortSignal} signal ends all listeners
 */
export function listen(canvas, view, on, signal) {
  const pointers = new Map();
  let press = null;
  const add = (type, handler, options) => canvas.addEventListener(type, handler, { signal, ...options });
  const at = (event) => canvasPoint(canvas, event);
  const changed = () => {
    // One finger scrolls the page until there is something to pan; two fingers always belong to the photograph.
    canvas.style.touchAction = view.pannable ? "none" : "pan-y";
    canvas.classList.toggle("pannable", view.pannable);
    on.changed();
  };

  add("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
    press = pointers.size === 1 ? { x: event.clientX, y: event.clientY } : null;
    canvas.setPointerCapture(event.pointerId);
  });
  add("pointermove", (event) => {
    const now = at(event);
    on.hover(event.pointerType === "mouse" ? now : null);
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > TAP_PX) press = null;
    // A hand that trembles must not move what it points at.
    if (press) return;
    if (pointers.size === 1) {
      view.panBy(now.x - before.x, now.y - before.y);
    } else if (pointers.size === 2) {
      const [, other] = [...pointers].find(([id]) => id !== event.pointerId);
      pinch(view, before, now, other);
    }
    pointers.set(event.pointerId, now);
    changed();
  });
  add("pointerup", (event) => {
    if (press && pointers.has(event.pointerId)) on.tap(at(event), event.pointerType);
    press = null;
  });
  for (const type of ["pointerup", "pointercancel"]) add(type, (event) => pointers.delete(event.pointerId));
  add("pointerleave", () => on.hover(null));

  add("dblclick", (event) => {
    const { x, y } = at(event);
    if (event.shiftKey) view.zoomOut(x, y);
    else view.zoomTo(view.scale * 2, x, y);
    changed();
  });

  add("wheel", (event) => {
    const out = event.deltaY > 0;
    const atEnd = out && view.scale <= Math.min(view.fitScale, 1) * 1.0001;
    if (!event.ctrlKey && (atEnd || performance.now() - lastScroll < SCROLL_PAUSE_MS)) return;
    event.preventDefault();
    wheelZoom(view, event, at(event));
    changed();
  }, { passive: false });

  let comparing = false;
  const isCompare = (event) => event.key === "c" || event.key === "C";
  const keys = viewKeys(view);
  add("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (on.key(event)) return event.preventDefault();
    if (isCompare(event)) return on.compare((comparing = true));
    const move = keys[event.key];
    // Arrows go on scrolling the page while the whole photograph is in view.
    if (!move || (event.key.startsWith("Arrow") && !view.pannable)) return;
    event.preventDefault();
    move();
    changed();
  });
  const release = () => comparing && on.compare((comparing = false));
  add("keyup", (event) => isCompare(event) && release());
  add("blur", release);

  return changed;
}
