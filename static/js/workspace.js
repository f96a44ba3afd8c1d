import { say, start } from "./app.js";

// What htmx does not do by itself: wake up new content, keep the focus, and say what has changed.
let focused = "";

document.addEventListener("htmx:beforeSwap", (event) => {
  focused = event.detail.target.contains(document.activeElement) ? document.activeElement.id : "";
});

document.addEventListener("htmx:afterSettle", (event) => {
  const root = event.detail.elt.parentElement ?? event.detail.elt;
  start(root);
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  focused = "";
  const words = event.detail.elt.closest("[data-say]")?.dataset.say ?? event.detail.elt.querySelector("[data-say]")?.dataset.say;
  if (words) say(words);
});

for (const kind of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(kind, () => say(document.body.dataset.failed ?? "The server did not answer. Load the page again."));
}
