// Sends a form with files from where it stands, to show how far it is. The server answers a redirect
// of this request with 204 and HX-Redirect; a page with errors takes the place of this one, so that
// nothing large is sent twice. Where the policy forbids that, the plain form is sent instead. A
// connection cut half-way is not repeated by itself: nobody knows what has arrived.
let tell, wake;

export function start(root, say, again) {
  tell = say;
  wake = again;
  for (const form of root.querySelectorAll("form[data-upload]:not([data-ready])")) {
    form.dataset.ready = "";
    form.addEventListener("submit", (event) => {
      const chosen = [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length);
      if (!chosen || event.defaultPrevented || form.dataset.upload === "plain") return;
      event.preventDefault();
      send(form, event.submitter);
    });
  }
}

function send(form, submitter) {
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
    if (percent >= spoken + 25) tell(`${(spoken = percent)} %`);
  };
  request.onerror = () => {
    bar.remove();
    words.textContent = form.dataset.cut || "The connection was cut off. Send it again.";
    tell(words.textContent);
    if (submitter) submitter.disabled = false;
  };
  request.onload = () => {
    const next = request.getResponseHeader("HX-Redirect");
    if (next) return location.assign(next);
    if (show(request.responseText)) return;
    form.dataset.upload = "plain";
    if (submitter) submitter.disabled = false;
    form.requestSubmit(submitter);
  };
  request.send(data);
}

function show(text) {
  let page;
  try {
    page = new DOMParser().parseFromString(text, "text/html");
  } catch {
    return false;
  }
  const main = page.getElementById("main");
  if (!main) return false;
  document.title = page.title;
  document.getElementById("main").replaceWith(main);
  wake(main);
  (main.querySelector("[data-error-summary]") ?? main).focus();
  return true;
}
