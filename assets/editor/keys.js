// Keys of the editor, and the sheet that lists them.

/** @typedef {{keys: string, does: string, hit: (event: KeyboardEvent) => boolean, run: (event: KeyboardEvent) => void}} Shortcut */

const plain = (...keys) => (event) => !event.ctrlKey && !event.metaKey && !event.altKey && keys.includes(event.key.length === 1 ? event.key.toLowerCase() : event.key);
const control = (key, shift) => (event) => (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === key && event.shiftKey === shift;
const arrow = (event) => event.key.startsWith("Arrow");

/**
 * All shortcuts, in the order of the sheet.
 * @param {Record<string, (event?: KeyboardEvent) => void>} act
 * @returns {Shortcut[]}
 */
export function shortcuts(act) {
  const tool = (name) => () => act.choose(name);
  const row = (keys, does, hit, run) => ({ keys, does, hit, run });
  return [
    row("B", "Brush", plain("b"), tool("brush")),
    row("E", "Eraser", plain("e"), tool("eraser")),
    row("T", "Trace along a crack", plain("t"), tool("trace")),
    row("P", "Polygon", plain("p"), tool("polygon")),
    row("F", "Fill a hole, remove an area", plain("f"), tool("fill")),
    row("H, Space", "Move the photograph; Space while held", plain("h"), tool("hand")),
    row("[", "Finer brush", plain("["), () => act.resize(-1)),
    row("]", "Broader brush", plain("]"), () => act.resize(1)),
    row("X", "Mark or remove, with trace and polygon", plain("x"), act.toggleRemove),
    row("Enter", "End the trace, close the polygon; act at the cross", plain("Enter"), act.enter),
    row("Backspace", "Last point of trace or polygon back", plain("Backspace", "Delete"), act.undoPoint),
    row("Esc", "End without the open polygon", plain("Escape"), act.leave),
    row("Ctrl Z", "Undo", control("z", false), act.undo),
    row("Ctrl Shift Z", "Redo", (event) => control("z", true)(event) || control("y", false)(event), act.redo),
    row("Ctrl S", "Save as a new version", control("s", false), act.save),
    row("+ −", "Zoom in and out", plain("+", "=", "-"), act.view),
    row("0", "Whole photograph", plain("0"), act.view),
    row("1", "One to one", plain("1"), act.view),
    row("Arrows", "Move the photograph", (event) => arrow(event) && !event.shiftKey && plain(event.key)(event), act.view),
    row("Shift Arrows", "Move a cross, to draw without a pointer", (event) => arrow(event) && event.shiftKey, act.cross),
    row("C", "Photograph alone, while held", plain("c"), () => act.hold("photo")),
    row("V", "Mask as it was before, while held", plain("v"), () => act.hold("before")),
    row("O", "Outline", plain("o"), act.toggleOutline),
    row("?", "This sheet", plain("?"), act.help),
  ];
}

/** Fills the sheet. */
export function fillSheet(list, rows) {
  list.replaceChildren(
    ...rows.flatMap(({ keys, does }) => {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      term.append(...keys.split(", ").flatMap((combination, i) => [...(i > 0 ? [" "] : []), ...caps(combination)]));
      text.textContent = does;
      return [term, text];
    }),
  );
}

function caps(combination) {
  return combination.split(" ").map((key) => Object.assign(document.createElement("kbd"), { textContent: key }));
}

/**
 * Listens for them while the editor is in use: not while something is typed, nor while a dialog is open.
 * @param {Shortcut[]} rows
 * @param {{space: (held: boolean) => void, release: () => void}} on
 */
export function listenToKeys(rows, on, signal) {
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const onControl = event.target.closest?.("button, input, a, select, textarea, summary");
    if (event.key === " " && !onControl) {
      event.preventDefault();
      return on.space(true);
    }
    // Sliders and buttons keep the keys that they know themselves.
    if (onControl && (arrow(event) || event.key === "Enter")) return;
    const row = rows.find(({ hit }) => hit(event));
    if (!row) return;
    event.preventDefault();
    row.run(event);
  }, { signal });
  addEventListener("keyup", (event) => {
    if (event.key === " ") on.space(false);
    if (["c", "v"].includes(event.key.toLowerCase())) on.release();
  }, { signal });
  addEventListener("blur", () => {
    on.space(false);
    on.release();
  }, { signal });
}
