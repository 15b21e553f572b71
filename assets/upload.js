// Picker, drop, paste and samples lead into one queue: photographs go up one after the other, each with its own row.

const REMEMBERED = "hairline.results";
const results = document.getElementById("results");
const form = document.getElementById("upload");

/** @type {{row: HTMLElement, body: FormData, preview: HTMLImageElement}[]} */
const queue = [];
let busy = false;

/** Takes over the upload form, if this page has one, and brings back the results of this browser tab. */
export function startUploads() {
  if (!form) return;
  const input = document.getElementById("file");

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sample = event.submitter?.name === "sample" ? event.submitter : null;
    if (sample) addSample(sample);
  });

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dragging");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) add([...event.clipboardData.files]);
  });

  restore();
}

/** Removes a prediction from those that a reload brings back. */
export function forget(id) {
  remember(remembered().filter((other) => other !== id));
}

function add(files) {
  const limitMb = Number(form.dataset.maxMb);
  const rows = files.map((file) => {
    const sizeMb = file.size / 2 ** 20;
    if (sizeMb > limitMb) return failedRow(file.name, "Too large to upload", `The file has ${sizeMb.toFixed(1)} MB. The limit is ${limitMb} MB.`);
    if (file.size === 0) return failedRow(file.name, "Nothing to upload", "The file is empty, or it is a folder.");
    const body = new FormData();
    body.append("file", file, file.name);
    return enqueue(file.name, body, URL.createObjectURL(file));
  });
  show(rows);
}

function addSample(button) {
  const body = new FormData();
  body.append("sample", button.value);
  show([enqueue(button.innerText.trim(), body, button.querySelector("img").src)]);
}

function show(rows) {
  results.prepend(...rows);
  rows[0]?.scrollIntoView({ block: "nearest" });
  next();
}

function enqueue(name, body, url) {
  const row = clone("upload-template");
  row.querySelector("[data-name]").textContent = name;
  const preview = new Image();
  preview.alt = "";
  // Thirty photographs may wait here; decode those that are looked at.
  preview.loading = "lazy";
  preview.decoding = "async";
  // Not every format that the server reads can be shown here.
  preview.addEventListener("error", () => preview.remove());
  preview.src = url;
  row.querySelector("[data-preview]").append(preview);
  const upload = { row, body, preview, request: null, timer: 0 };
  row.querySelector("[data-abort]").addEventListener("click", () => {
    upload.cancelled = true;
    upload.request?.abort();
    URL.revokeObjectURL(url);
    row.remove();
  });
  queue.push(upload);
  return row;
}

async function next() {
  if (busy) return;
  busy = true;
  for (let upload; (upload = queue.shift()); ) {
    if (!upload.cancelled) await send(upload);
  }
  busy = false;
}

async function send(upload) {
  const { row } = upload;
  while (!upload.cancelled) {
    const answer = await post(upload).catch(() => null);
    if (upload.cancelled) return;
    if (!answer) {
      row.replaceWith(failedRow(row.querySelector("[data-name]").textContent, "Not uploaded", "The connection to the server was lost."));
      return;
    }
    // A full queue is no failure of this photograph: it waits its turn here.
    if (answer.status === 503) {
      const seconds = Number(answer.getResponseHeader("Retry-After")) || 2;
      phase(row, "Waiting: the server is busy", "Tries again by itself");
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      continue;
    }
    return place(upload, answer);
  }
}

function post(upload) {
  const { row, body } = upload;
  return new Promise((resolve, reject) => {
    const request = (upload.request = new XMLHttpRequest());
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      row.querySelector("progress").value = (100 * loaded) / total;
      const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
      if (loaded < total) phase(row, "Uploading", `${mb(loaded)} of ${mb(total)} MB`);
      else phase(row, "Uploaded", "The server reads the photograph");
    });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", reject);
    request.addEventListener("abort", reject);
    request.send(body);
  });
}

/** Puts the server's card where the upload's row was. */
function place({ row, preview }, answer) {
  const card = parse(answer.responseText);
  if (!card) {
    row.replaceWith(failedRow(row.querySelector("[data-name]").textContent, "Not uploaded", `The server answered ${answer.status}.`));
    return;
  }
  row.replaceWith(card);
  // Only now: a picture that passes through the parser's document would load again.
  const stage = card.querySelector("[data-preview]");
  if (stage) stage.append(preview);
  else URL.revokeObjectURL(preview.src);
  window.htmx.process(card);
  if (answer.status < 400) remember([card.dataset.prediction, ...remembered()]);
}

async function restore() {
  for (const id of remembered()) {
    const answer = await fetch(`/predictions/${id}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    const card = answer?.ok ? parse(await answer.text()) : null;
    if (!card || card.dataset.state === "gone") {
      if (answer) forget(id);
      continue;
    }
    results.append(card);
    window.htmx.process(card);
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(REMEMBERED)) ?? [];
  } catch {
    return [];
  }
}

function remember(ids) {
  try {
    sessionStorage.setItem(REMEMBERED, JSON.stringify(ids));
  } catch {
    // Storage may be blocked; a reload then starts with an empty page.
  }
}

function phase(row, text, amount) {
  row.querySelector("[data-phase]").textContent = text;
  row.querySelector("[data-amount]").textContent = amount;
}

function failedRow(name, title, detail) {
  const row = clone("failed-template");
  row.querySelector("[data-name]").textContent = name;
  row.querySelector("[data-error-title]").textContent = title;
  row.querySelector("[data-error-detail]").textContent = detail;
  return row;
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("article");
}
