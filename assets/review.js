// The review page: one photograph after the other, by keyboard.
const part = (name) => document.querySelector(`[data-${name}]`);
const flow = part("flow");
const stage = part("stage");
const photo = part("photo");
const marks = part("marks");
const problem = part("problem");
const sheet = part("sheet");

/** Photographs that were asked of the server, the one shown, and where the next page begins. */
let items = [];
let current = 0;
let next = null;
let busy = false;

async function request(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
}

async function load() {
  const answer = await request("GET", `/api/v1/review${next ? `?cursor=${encodeURIComponent(next)}` : ""}`);
  const known = new Set(items.map((item) => item.image_sha256));
  items.push(...answer.items.filter((item) => !known.has(item.image_sha256)));
  next = answer.next ?? null;
  showCounts(answer.counts);
}

function showCounts(counts) {
  part("counts").textContent = counts.summary;
}

/** A photograph that no model has seen is predicted first, so that there is a mask to judge. */
async function predicted(item) {
  if (!item.prediction_id) {
    const made = await request("POST", `/api/v1/images/${item.image_sha256}/predictions`);
    item.prediction_id = made.id;
  }
  return item.prediction_id;
}

function cover(element, url) {
  element.style.maskImage = url ? `url("${url}")` : "";
  element.hidden = !url;
}

async function show() {
  const item = items[current];
  flow.hidden = !item;
  part("done").hidden = Boolean(item);
  if (!item) return;
  const name = item.file_name ?? `photograph ${item.image_sha256.slice(0, 8)}`;
  part("name").textContent = name;
  part("reason").textContent = item.reason;
  part("comment").textContent = item.comment ? `“${item.comment}”` : "";
  part("place").textContent = `${current + 1} of ${items.length}${next ? " or more" : ""} · ${item.width} × ${item.height} px`;
  problem.textContent = "";
  photo.src = `/api/v1/images/${item.image_sha256}/photo`;
  photo.alt = `${name}. ${item.reason}`;
  photo.style.setProperty("--width", `${item.width}px`);
  flow.dataset.shown = "";
  cover(marks, null);
  try {
    if (!item.prediction_id) problem.textContent = "Looking for cracks…";
    const id = await predicted(item);
    if (items[current] !== item) return;
    problem.textContent = "";
    cover(marks, `/api/v1/predictions/${id}/mask.png`);
    flow.dataset.shown = item.image_sha256;
  } catch (error) {
    if (items[current] === item) problem.textContent = error.message;
  }
}

async function go(to) {
  if (to >= items.length && next) await load();
  current = Math.max(0, Math.min(to, items.length));
  await show();
}

async function judge(verdict) {
  const item = items[current];
  if (!item) return;
  const id = await predicted(item);
  await request("PUT", `/api/v1/predictions/${id}/verdict`, { verdict });
  if (verdict === "wrong") {
    location.assign(`/predictions/${id}/edit`);
    return;
  }
  items.splice(current, 1);
  if (current >= items.length && next) await load();
  showCounts((await request("GET", "/api/v1/review?limit=1")).counts);
  current = Math.min(current, Math.max(0, items.length - 1));
  await show();
}

const answers = {
  right: () => judge("right"),
  wrong: () => judge("wrong"),
  nothing: () => judge("nothing"),
  next: () => go(current + 1 < items.length || next ? current + 1 : 0),
  previous: () => go(current - 1),
};
const keys = { r: "right", w: "wrong", 0: "nothing", n: "next", p: "previous" };

/** One answer at a time: a key that is held down must not judge the photograph that comes next. */
async function answer(name) {
  if (busy) return;
  busy = true;
  try {
    await answers[name]();
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    busy = false;
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || sheet.open) return;
  const key = event.key.toLowerCase();
  if (key === "?") sheet.showModal();
  else if (key === "m") marks.classList.toggle("off");
  else if (key === "z") stage.classList.toggle("actual");
  else if (keys[key]) answer(keys[key]);
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-answer]")) {
  button.addEventListener("click", () => answer(button.dataset.answer));
}
part("help").addEventListener("click", () => sheet.showModal());
for (const label of document.querySelectorAll("[data-mask-url]")) cover(label, label.dataset.maskUrl);

// Whoever comes back from the editor sees what is left, not what the browser remembers.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

await load();
await show();
