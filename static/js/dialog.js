// A link to a confirm page opens the same form in a dialog; without this file it stays a link.
export function start(root) {
  for (const opener of root.querySelectorAll("[data-dialog-open]:not([data-ready])")) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (!dialog?.showModal) continue;
    opener.dataset.ready = "";
    opener.setAttribute("aria-haspopup", "dialog");
    opener.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      dialog.showModal();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target !== dialog && !event.target.closest("[data-dialog-close]")) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => opener.focus());
  }
}
