// Sends a form with files from where it stands, to show how far it is. The server answers a redirect
// of this request with 204 and HX-Redirect; anything else is left to the plain form, which shows the
// errors. A connection cut half-way is not repeated by itself: nobody knows what has arrived.
export function start(root, say) {
  for (const form of root.querySelectorAll("form[data-upload]:not([data-ready])")) {
    form.dataset.ready = "";
    form.addEventListener("submit", (event) => {
      const chosen = [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length);
      if (!chosen || event.defaultPrevented || form.dataset.upload === "plain") return;
      event.preventDefault();
      send(form, event.submitter, say);
    });
  }
}

function send(form, submitter, say) {
  const box = form.querySelector(".upload-progress") ?? document.createElement("div");
  const bar = document.createElement("progress");
  const words = document.createElement("p");
  box.className = "upload-progress";
  bar.max = 100;
  bar.setAttribute("aria-label", "Upload");
  box.replaceChildren(bar, words);
  form.append(box);
  const request = new XMLHttpRequest();
  request.open("POST", form.action || location.href);
  request.setRequestHeader("HX-Request", "true");
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  if (submitter) submitter.disabled = true;
  let spoken = 0;
  request.upload.onprogress = (event) => {
    if (!event.lengthComputable) return;
    const percent = Math.floor((event.loaded / event.total) * 100);
    bar.value = percent;
    words.textContent = `${percent} %`;
    if (percent >= spoken + 25) say(`${(spoken = percent)} %`);
  };
  request.onerror = () => {
    bar.remove();
    words.textContent = form.dataset.cut || "The connection was cut off. Send it again.";
    say(words.textContent);
    if (submitter) submitter.disabled = false;
  };
  request.onload = () => {
    const next = request.getResponseHeader("HX-Redirect");
    if (next) return location.assign(next);
    form.dataset.upload = "plain";
    if (submitter) submitter.disabled = false;
    form.requestSubmit(submitter);
  };
  request.send(data);
}
