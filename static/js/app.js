// Starts on every page. A behaviour is fetched only where its data- attribute occurs.
document.documentElement.dataset.js = "";

export function say(text) {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = "";
  setTimeout(() => (status.textContent = text), 50);
}

const behaviours = [
  ["[data-count-for]", () => import("./count.js")],
  ["[data-dialog-open]", () => import("./dialog.js")],
  ["[data-exit]", () => import("./exit.js")],
  ["[data-queue]", () => import("./queue.js")],
  ["[data-upload]", () => import("./upload.js")],
  ["[data-copy]", () => import("./copy.js")],
  ["[data-verdict]", () => import("./verdict.js")],
];

export function start(root = document) {
  for (const [selector, load] of behaviours) {
    if (root.querySelector(selector)) load().then((module) => module.start(root, say, start));
  }
  for (const time of root.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    const local = moment.toLocaleString(document.documentElement.lang || undefined, {
      dateStyle: "medium",
      timeStyle: "short",
    });
    if (!isNaN(moment) && !time.title.includes(local)) time.title += ` · ${local} on this device`;
  }
}

// An error summary takes the focus, so that its words are the first thing read.
document.querySelector("[data-error-summary]")?.focus();

// Menus close like menus: Escape, a click elsewhere, or the focus leaving them.
const shut = (menu) => menu.removeAttribute("open");
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("[data-menu][open]");
  if (menu) {
    shut(menu);
    menu.querySelector("summary").focus();
  }
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (!menu.contains(event.target)) shut(menu);
    }
  });
}

// Changing the colours must not cost anybody a half-filled form: no page load when it can be helped.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  const answer = await fetch(form.action, { method: "POST", body: data, redirect: "manual" }).catch(() => null);
  if (!answer || (!answer.ok && answer.type !== "opaqueredirect")) return;
  document.documentElement.dataset.theme = event.submitter.value;
  for (const button of form.querySelectorAll("[name=theme]")) {
    button.setAttribute("aria-pressed", String(button === event.submitter));
  }
  shut(form.closest("[data-menu]"));
  form.closest("[data-menu]").querySelector("summary").focus();
});

// Paper cannot be clicked.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("main details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));

start();
