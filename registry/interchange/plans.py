"""What one row of a file would do."""

from dataclasses import dataclass, field
from typing import Any

from registry.interchange.readers import Given
from registry.models import ModelFamily

TEXTS = ("title", "harm", "cause", "event", "consequence", "affected")
FACTORS = ("detectability", "reversibility", "confidence")
LINKS = ("objectives", "terms")
NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
LONGEST_REASON = 4000


@dataclass
class Plan:
    """What one row would do."""

    given: Given
    family: ModelFamily | None = None
    risk: Any = None
    # Columns of the risk with their new values, links with the rows they are to lead to.
    changes: dict[str, Any] = field(default_factory=dict)
    links: dict[str, list[Any]] = field(default_factory=dict)
    # By kind: likelihood and severity that are put on record as a judgement.
    judgements: dict[str, tuple[int, int]] = field(default_factory=dict)
    key: str = ""
    rationale: str = ""
    shown: list[list[str]] = field(default_factory=list)
    problems: list[list[str]] = field(default_factory=list)
    is_new: bool = False

    @property
    def outcome(self) -> str:
        if self.problems:
            return REFUSED
        if self.is_new:
            return NEW
        return CHANGED if self.shown else UNCHANGED

    @property
    def title(self) -> str:
        if self.risk is not None:
            return str(self.risk)
        reference, title = (self.given.cells.get(name, "") for name in ("reference", "title"))
        return f"{reference or self.given.cells.get('key', '')} {title}".strip()[:240]

    def refuse(self, column: str, reason: Any) -> None:
        self.problems.append([column, str(reason)])
