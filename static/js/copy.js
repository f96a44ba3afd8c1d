export function start(root, say) {
  for (const button of root.querySelectorAll("[data-copy]:not([data-ready])")) {
    button.dataset.ready = "";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(button.dataset.copied);
    });
  }
}
