// Entry point of the page: uploads, viewers, and the little that belongs to the page as a whole.
import { startUploads, forget } from "./upload.js";
import "./viewer.js";
import "./cracks.js";

const status = document.getElementById("page-status");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (!button) return;
  const card = button.closest("article");
  const next = card.nextElementSibling?.querySelector("a, button");
  forget(card.dataset.prediction);
  card.remove();
  (next ?? document.getElementById("main")).focus({ preventScroll: !next });
});

// Polling goes on by itself; a person should know why the figures stand still.
document.addEventListener("htmx:sendError", () => {
  status.textContent = "No connection to the server. Trying again.";
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr.status > 0) status.textContent = "";
});

startUploads();
