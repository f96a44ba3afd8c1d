"""The evaluation results that a card's metadata holds (``model-index``), as the rows of a table."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EvaluationResult:
    task: str
    dataset: str
    metric: str
    value: str
    source: str
    source_url: str
    verified: bool


def results_of(metadata: dict[str, Any]) -> list[EvaluationResult]:
    """Every metric of every result; what does not have the form of the specification is left out."""
    made = []
    for model in _rows(metadata.get("model-index")):
        for result in _rows(model.get("results")):
            task, dataset, source = (_part(result, name) for name in ("task", "dataset", "source"))
            address = str(source.get("url") or "")
            for metric in _rows(result.get("metrics")):
                where = _name(dataset)
                if part := ", ".join(str(dataset[name]) for name in ("config", "split") if dataset.get(name)):
                    where = f"{where} ({part})"
                made.append(
                    EvaluationResult(
                        _name(task),
                        where,
                        _name(metric),
                        _value(metric.get("value")),
                        str(source.get("name") or address),
                        address if address.startswith(("https://", "http://")) else "",
                        metric.get("verified") is True,
                    )
                )
    return made


def _rows(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _part(result: dict[str, Any], name: str) -> dict[str, Any]:
    part = result.get(name)
    return part if isinstance(part, dict) else {}


def _name(part: dict[str, Any]) -> str:
    return str(part.get("name") or part.get("type") or "")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return "" if value is None else str(value)
