// What pointers and the wheel mean: drawing, moving, zooming. A second finger turns drawing into moving; where a pen has
// been used, fingers only move.
import { canvasPoint, pinch, wheelZoom } from "../view.js";

const RIGHT_BUTTON = 2;
const MIDDLE_BUTTON = 1;
/** Bit of the eraser end of a pen in `buttons`. */
const PEN_ERASER = 32;

/**
 * @typedef {{x: number, y: number}} Point in pixels of the photograph
 * @param {HTMLCanvasElement} canvas
 * @param {import("../view.js").View} view
 * @param {{moves: () => boolean, changed: () => void, hover: (at: Point | null) => void, down: (at: Point, erase: boolean) => void,
 *   move: (points: Point[]) => void, up: () => void, cancel: () => void}} on `moves` tells whether a press moves the
 *   photograph; `move` gets every point that the pointer passed since the last call
 * @param {AbortSignal} signal ends all listeners
 */
export function listen(canvas, view, on, signal) {
  const pointers = new Map();
  let drawing = null;
  let moving = false;
  let penSeen = false;
  const add = (type, handler, options) => canvas.addEventListener(type, handler, { signal, ...options });
  const photoPoint = (event) => {
    const { x, y } = canvasPoint(canvas, event);
    return view.photoPoint(x, y);
  };
  const stopDrawing = (end) => {
    if (drawing === null) return;
    drawing = null;
    end();
  };

  add("pointerdown", (event) => {
    penSeen ||= event.pointerType === "pen";
    // A palm beside the pen is no finger.
    if (event.pointerType === "touch" && pointers.get(drawing)?.pen) return;
    pointers.set(event.pointerId, { ...canvasPoint(canvas, event), pen: event.pointerType === "pen" });
    // A pointer that the page made up, as tests do, cannot be captured.
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    if (pointers.size > 1) {
      stopDrawing(on.cancel);
      moving = true;
      return;
    }
    moving = event.button === MIDDLE_BUTTON || on.moves() || (penSeen && event.pointerType === "touch");
    canvas.classList.toggle("moving", moving);
    if (moving) return event.button === MIDDLE_BUTTON && event.preventDefault();
    drawing = event.pointerId;
    on.down(photoPoint(event), event.button === RIGHT_BUTTON || (event.buttons & PEN_ERASER) !== 0);
  });

  add("pointermove", (event) => {
    if (event.pointerType !== "touch") on.hover(photoPoint(event));
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (drawing === event.pointerId) {
      const passed = event.getCoalescedEvents?.() ?? [];
      return on.move((passed.length > 0 ? passed : [event]).map(photoPoint));
    }
    if (!moving) return;
    const now = canvasPoint(canvas, event);
    if (pointers.size === 1) view.panBy(now.x - before.x, now.y - before.y);
    else if (pointers.size === 2) pinch(view, before, now, [...pointers].find(([id]) => id !== event.pointerId)[1]);
    Object.assign(before, now);
    on.changed();
  });

  const release = (event, end) => {
    if (!pointers.delete(event.pointerId)) return;
    if (drawing === event.pointerId) stopDrawing(end);
    if (pointers.size === 0) {
      moving = false;
      canvas.classList.remove("moving");
    }
  };
  add("pointerup", (event) => release(event, on.up));
  add("pointercancel", (event) => release(event, on.cancel));
  add("pointerleave", () => on.hover(null));
  add("contextmenu", (event) => event.preventDefault());
  add("wheel", (event) => {
    event.preventDefault();
    wheelZoom(view, event, canvasPoint(canvas, event));
    on.changed();
  }, { passive: false });
}
