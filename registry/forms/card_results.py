"""The evaluation results of a card as rows: each with its metrics, a long list in parts."""

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from registry.documentation import rows
from registry.documentation.results import results_of
from registry.documentation.rows import Cell, Entry
from registry.forms.card_rows import CardRows, Row, row_field

# Django takes 2000 fields in one form; the rest of the metadata needs about 50.
MOST_CELLS = 700
MOST_METRICS = 80


class ResultRows(CardRows):
    """``model-index``: what was measured, on which data, with which metrics, and where that is written."""

    name = "results"
    prefix = "result"
    rows_template = "registry/_card_results.html"
    own = (*rows.TASK, *rows.DATASET, *rows.SOURCE)

    def __init__(self, form: Any, value: Any, number: int, *, model: str = "", page: int = 1) -> None:
        self.flat = [result for each in value or () for result in each["results"]]
        self.pages = _pages(self.flat)
        self.page = min(max(page, 1), len(self.pages))
        super().__init__(form, value, number)
        self.models: list[str] = []
        for place, each in enumerate(self.value or [{"name": model}]):
            cell = Cell("name", ("name",), _("Name of the model that was measured"), needed=True)
            shown = cell.shown(each)
            if shown is not None:
                self.models.append(f"results_model{place}")
                self._take(self.models[-1], row_field(cell, shown), shown)

    def count_stored(self) -> int:
        return len(self.flat)

    def make(self, place: int) -> list[Row]:
        new = place >= self.stored
        if not new and place not in self.pages[self.page - 1]:
            return []
        entry = {} if new else self.flat[place]
        row = self._row(f"result{place}", entry, self.own, "" if new else _title(entry), new=new)
        row.kept = rows.kept(entry, self.own, ("metrics",))
        metrics = entry.get("metrics", [])
        for number in range(self._count(f"result{place}_metrics", max(len(metrics), int(new)))):
            fresh = number >= len(metrics)
            if fresh or number < MOST_METRICS:
                each = {} if fresh else metrics[number]
                metric = self._row(f"result{place}_metric{number}", each, rows.METRIC, "", new=fresh)
                metric.kept = rows.kept(each, rows.METRIC, ("verified",))
                row.metrics.append(metric)
        return [row]

    @property
    def model_fields(self) -> list[Any]:
        return [self.form[name] for name in self.models]

    @property
    def touched(self) -> bool:
        return super().touched or any(map(self.form.is_typed, self.models))

    def new_value(self) -> Any:
        at = {row.prefix: row for row in self.rows}
        made: list[Any] = []
        place = 0
        for model in self.value or [{"results": []}]:
            entries: list[Entry] = []
            for result in model["results"]:
                row = at.get(f"result{place}")
                place += 1
                entries += [result] if row is None else self._entry(row)
            made.append({**model, "results": entries})
        made[-1]["results"] += [entry for row in self.rows if row.new for entry in self._entry(row)]
        self._name(made)
        emptied = [not each["results"] and bool(had) for each, had in zip(made, self._had(), strict=True)]
        return [each for each, empty in zip(made, emptied, strict=True) if not empty] or None

    def _had(self) -> list[Any]:
        """What each model held; a list that was empty before stays."""
        return [each["results"] for each in self.value] if self.value else [[True]]

    def _name(self, made: list[Any]) -> None:
        for field in self.models:
            place = int(field.removeprefix("results_model"))
            text = self.form.text_of(field) if self.form.is_typed(field) else self.form.initial[field]
            if text:
                made[place] = {"name": text} | made[place] | {"name": text}
            elif made[place]["results"]:
                self.form.add_error(field, _now("Name the model that was measured."))

    def _entry(self, row: Row) -> list[Entry]:
        """The result that ``row`` stands for now; none when it was taken out or never filled."""
        if row.removed:
            return []
        metrics = [metric for metric in row.metrics if metric.touched]
        if not row.changed and not metrics:
            return [] if row.new else [row.entry]
        _check_result(row)
        changed = row.changed
        entry = rows.renewed(row.entry, {cell: text for cell, text in changed.items() if cell not in rows.SOURCE})
        if metrics:
            entry["metrics"] = self._metrics(row)
            if not entry["metrics"]:
                row.wrong("task_type", _now("A result needs a metric. To be rid of it, take the result out."))
        return [rows.renewed(entry, {cell: text for cell, text in changed.items() if cell in rows.SOURCE})]

    def _metrics(self, row: Row) -> list[Entry]:
        shown = {metric.prefix: metric for metric in row.metrics}
        stored = row.entry.get("metrics", [])
        made = []
        for number, each in enumerate(stored):
            metric = shown.get(f"{row.prefix}_metric{number}")
            if metric is None or not metric.touched:
                made.append(each)
            elif not metric.removed:
                made.append(_metric(metric))
        return made + [_metric(metric) for metric in row.metrics if metric.new and metric.touched]


def _title(entry: Entry) -> str:
    """What a stored result is called: task, data and what came out, as the page of the card says it."""
    told = results_of({"model-index": [{"results": [{**entry, "metrics": entry.get("metrics") or [{}]}]}]})
    where = ", ".join(part for part in (told[0].task, told[0].dataset) if part)
    metrics = "; ".join(f"{each.metric} {each.value}" for each in told).strip()
    return ": ".join(part for part in (where, metrics[:120]) if part)


def _metric(metric: Row) -> Entry:
    if metric.verified:
        where = next(iter(metric.changed)).name
        metric.wrong(where, _now("The Hub has verified this value. Take the metric out and add the new one instead."))
    metric.require("type", _now("Say which metric this is."))
    metric.require("value", _now("Give the value that was measured."))
    return rows.renewed(metric.entry, metric.changed)


def _check_result(row: Row) -> None:
    """What the Hub's own library asks of every result."""
    row.require("task_type", _now("Say which task was measured."))
    row.require("dataset_type", _now("Say on which data set it was measured."))
    row.require("dataset_name", _now("Give the name of the data set."))
    if row.new and not any(metric.touched for metric in row.metrics):
        row.metrics[0].wrong("type", _now("Say which metric this is."))
    if not row.has("source_url"):
        return
    address = row.text("source_url")
    if address and not address.startswith(("https://", "http://")):
        row.wrong("source_url", _now("Give an address that begins with https://."))
    elif not address and row.has("source_name") and row.text("source_name"):
        row.wrong("source_url", _now("Give the address of the source."))


def _pages(results: list[Entry]) -> list[range]:
    """The results cut into pages of as many as one form may hold."""
    pages: list[range] = []
    start, cells = 0, 0
    for place, result in enumerate(results):
        size = 12 + 5 * min(len(result.get("metrics", ())), MOST_METRICS)
        if cells and cells + size > MOST_CELLS:
            pages.append(range(start, place))
            start, cells = place, 0
        cells += size
    return [*pages, range(start, len(results))]
