// What a judgement comes to, as soon as likelihood and severity are chosen: the cell of the table is marked, and a
// line says its level. The table itself, drawn by the server, is the only source; the server decides once more.
export function start(root) {
  for (const line of root.querySelectorAll("[data-verdict]:not([data-ready])")) {
    const form = line.closest("form");
    const rows = [...document.querySelectorAll(".matrix tbody tr")];
    if (!form || !rows.length) continue;
    line.dataset.ready = "";
    document.getElementById("id_severity")?.after(line);
    const chosen = (name) => form.querySelector(`[name=${name}]:checked`)?.value ?? "";
    const show = () => {
      for (const cell of document.querySelectorAll(".matrix td[data-chosen]")) delete cell.dataset.chosen;
      const [likelihood, severity] = [Number(chosen("likelihood")), Number(chosen("severity"))];
      // Likelihood grows upwards, severity to the right.
      const cell = likelihood && severity && rows[rows.length - likelihood]?.querySelectorAll("td")[severity - 1];
      if (!cell) return line.replaceChildren();
      cell.dataset.chosen = "";
      const level = document.createElement("span");
      level.className = "level";
      level.dataset.band = cell.dataset.band;
      level.textContent = cell.querySelector(".matrix-score").textContent;
      line.replaceChildren(level);
      if (isLower(line, chosen("kind"), likelihood * severity, cell.dataset.band)) line.append(` ${line.dataset.waits}`);
    };
    form.addEventListener("change", (event) => {
      if (["kind", "likelihood", "severity"].includes(event.target.name)) show();
    });
    show();
  }
}

// The same rule as on the server: a lower band, or a lower score in the same one.
function isLower(line, kind, score, band) {
  const guard = kind && line.getAttribute(`data-guard-${kind}`);
  if (!guard) return false;
  const [before, rank] = guard.split(" ").map(Number);
  const now = line.dataset.bands.split(" ").indexOf(band) + 1;
  return now < rank || (now === rank && score < before);
}
