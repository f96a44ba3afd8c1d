// Leave at once, and leave nothing behind the Back button: by the link, or by Escape three times.
export function start(root) {
  const link = root.querySelector("[data-exit]");
  if (link.dataset.ready !== undefined) return;
  link.dataset.ready = "";
  const go = () => {
    document.body.hidden = true;
    location.replace(link.href);
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    go();
  });
  let times = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    times = [...times.filter((time) => event.timeStamp - time < 2000), event.timeStamp];
    if (times.length > 2) go();
  });
}
