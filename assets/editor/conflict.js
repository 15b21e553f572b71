// Two people saved one photograph: shows both masks and asks what is to become of them.
import { buildLevels } from "../levels.js";
import { View } from "../view.js";

/**
 * @param {HTMLDialogElement} dialog
 * @param {import("../scene.js").Scene} scene
 * @param {import("../scene.js").Style} style
 * @param {{mine: import("./mask.js").MaskDocument, theirs: Uint8Array, version: import("./labels.js").Version}} both
 * @returns {Promise<"mine" | "merge" | "theirs" | "later">}
 */
export function askAbout(dialog, scene, style, { mine, theirs, version }) {
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const when = new Date(version.created_ms).toLocaleTimeString();
  part("conflict-text").textContent = `${version.actor} saved version ${version.version} at ${when}, after you began.`;
  const { width, height } = mine;
  part("theirs-text").textContent = `Theirs, version ${version.version}`;
  part("mine-text").textContent = "Yours, not saved yet";
  dialog.returnValue = "later";
  dialog.showModal();
  show(part("theirs"), scene, buildLevels({ data: theirs, width, height }), style);
  show(part("mine"), scene, mine.levels, style);
  scene.setLevels(mine.levels);
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue || "later"), { once: true }));
}

function show(canvas, scene, levels, style) {
  const [{ width, height }] = levels;
  canvas.style.aspectRatio = `${width} / ${height}`;
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round((canvas.width * height) / width);
  const view = new View(width, height);
  view.resize(canvas.width, canvas.height);
  scene.setLevels(levels);
  scene.draw(canvas, view, { ...style, hidden: false, opacity: Math.max(0.6, style.opacity) });
}

/** Theirs, with what I have added since `base` and without what I have removed. */
export function merged(base, mine, theirs) {
  return mine.map((value, i) => (value === base[i] ? theirs[i] : value));
}
