// The one place where the page tells a screen reader what has just happened.
export function say(text) {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = "";
  setTimeout(() => (status.textContent = text), 50);
}
