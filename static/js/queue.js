// A queue: choosing rows, the bar that counts them, and single keys for people who work in it all day.
// The account page switches the keys off (WCAG 2.1.4); they never act while somebody types.
export function start(root) {
  for (const queue of root.querySelectorAll("[data-queue]:not([data-ready])")) {
    queue.dataset.ready = "";
    const boxes = () => [...queue.querySelectorAll("[data-select]")];
    const all = queue.querySelector("[data-select-all]");
    const count = queue.querySelector("[data-bulk-count]");
    const none = count?.textContent;
    const show = () => {
      const chosen = boxes().filter((box) => box.checked).length;
      if (all) {
        all.checked = chosen > 0 && chosen === boxes().length;
        all.indeterminate = chosen > 0 && !all.checked;
      }
      if (!count) return;
      count.textContent = chosen === 0 ? none : chosen === 1 ? count.dataset.one : count.dataset.many.replace("{n}", chosen);
    };
    queue.addEventListener("change", (event) => {
      if (event.target === all) boxes().forEach((box) => (box.checked = all.checked));
      if (event.target === all || event.target.matches("[data-select]")) show();
    });
    show();
    keys(queue);
  }
}

function keys(queue) {
  const help = document.getElementById("keys");
  let at = -1;
  const rows = () => [...queue.querySelectorAll("tbody tr")];
  const move = (step) => {
    const list = rows();
    if (!list.length) return;
    list[at]?.removeAttribute("data-current");
    at = Math.min(Math.max(at + step, 0), list.length - 1);
    list[at].dataset.current = "";
    list[at].querySelector("a, button")?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    if (document.body.dataset.keys === "off") return;
    const action = {
      j: () => move(1),
      k: () => move(-1),
      x: () => rows()[at]?.querySelector("[data-select]")?.click(),
      "/": () => (queue.querySelector("[type=search]") ?? document.querySelector("[type=search]"))?.focus(),
      "?": () => help?.showModal?.(),
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  queue.addEventListener("focusin", (event) => {
    const index = rows().indexOf(event.target.closest("tbody tr"));
    if (index < 0 || index === at) return;
    rows()[at]?.removeAttribute("data-current");
    at = index;
    rows()[at].dataset.current = "";
  });
}
