// How many characters are left; spoken only when the writer pauses near the end.
export function start(root, say) {
  for (const note of root.querySelectorAll("[data-count-for]:not([data-ready])")) {
    note.dataset.ready = "";
    const field = document.getElementById(note.dataset.countFor);
    const limit = Number(note.dataset.limit);
    let pause;
    const show = () => {
      // The server counts a line break as two characters, as the browser sends it.
      const left = limit - field.value.replace(/\r?\n/g, "\r\n").length;
      note.textContent = note.dataset.left.replace("{n}", left.toLocaleString());
      clearTimeout(pause);
      if (left < limit / 10) pause = setTimeout(() => say(note.textContent), 1000);
    };
    field.addEventListener("input", show);
    if (field.value) show();
  }
}
