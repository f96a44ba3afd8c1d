"""One row of a file, column by column, against the risk it is about or the rules for a new one."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from registry import permissions
from registry.interchange import values
from registry.interchange.plans import FACTORS, LONGEST_REASON, TEXTS, Plan
from registry.interchange.text import plain, same
from registry.interchange.values import Wrong
from registry.models import Risk
from registry.models.risks import KINDS
from registry.services.second_person import is_lower

if TYPE_CHECKING:
    from registry.interchange.matching import Desk


class Row:
    """One row, column by column, against the risk it is about or the rules for a new one."""

    def __init__(self, desk: "Desk", plan: Plan) -> None:
        self.desk, self.plan, self.cells = desk, plan, plan.given.cells
        self.family: Any = plan.family
        self.risk = plan.risk if plan.risk is not None else Risk(family=self.family, scale=desk.scale, treatment="")
        self.is_new = plan.is_new = plan.risk is None

    def read(self) -> None:
        for name in TEXTS:
            self._column(name, self._text)
        self._column("release", self._release)
        self._column("is_public", self._is_public)
        self._column("objectives", self._objectives)
        self._column("terms", self._terms)
        self._column("owner", self._person)
        self._column("deputy", self._person)
        self._column("stage", self._stage)
        self._column("treatment", self._treatment)
        for kind in KINDS:
            self._judgement(kind)
        for name in FACTORS:
            self._column(name, self._factor)
        self._column("review_days", self._review_days)
        self._column("review_due_on", self._review_due_on)
        self.plan.rationale = self.cells.get("rationale", "").strip()
        if len(self.plan.rationale) > LONGEST_REASON:
            self._refuse("rationale", _("At most %d characters.") % LONGEST_REASON)
        if self.plan.key and not self.is_new:
            self._show("key", self.plan.risk.own_key, self.plan.key)
        self._whole()
        self._allowed()

    def _column(self, name: str, reading: Any) -> None:
        if name not in self.cells or name in self.plan.given.unread:
            return
        try:
            reading(name, self.cells[name])
        except Wrong as wrong:
            self._refuse(name, wrong)

    def _refuse(self, column: str, reason: Any) -> None:
        self.plan.refuse(column, reason)

    def _refuse_once(self, column: str, reason: Any) -> None:
        """Refuse what follows from the row as a whole, unless the cell itself is wrong already."""
        if all(column != known for known, _reason in self.plan.problems):
            self._refuse(column, reason)

    def _show(self, column: str, was: Any, now: Any) -> None:
        self.plan.shown.append([column, "" if self.is_new else plain(was)[:2000], plain(now)[:2000]])

    def _change(self, name: str, value: Any, *, was: Any = None, now: Any = None) -> None:
        """Note a new value, unless it is the one there is."""
        before = getattr(self.risk, name)
        if before == value:
            return
        self.plan.changes[name] = value
        self._show(name.removesuffix("_id"), before if was is None else was, value if now is None else now)

    # --- what it says -----------------------------------------------------------------------------

    def _text(self, name: str, text: str) -> None:
        stored = getattr(self.risk, name)
        if same(stored, text):
            return
        given: Any = text.strip()
        if name == "title":
            given = " ".join(given.split())
            if not given:
                raise Wrong(_("A risk has a title."))
            if len(given) > 200:
                raise Wrong(_("A title has at most 200 characters; this one has %d.") % len(given))
        self._change(name, given)

    def _release(self, name: str, text: str) -> None:
        version = text.strip()
        stored = self.risk.release
        if version == (stored.version if stored else ""):
            return
        found = self.desk.releases(self.family).get(version) if version else None
        if version and found is None:
            raise Wrong(_("%(family)s has no release %(version)s.") % {"family": self.family.slug, "version": version})
        self._change("release_id", found.pk if found else None, was=stored.version if stored else "", now=version)

    def _is_public(self, name: str, text: str) -> None:
        if text.strip():
            self._change(name, values.yes_or_no(text))

    def _objectives(self, name: str, text: str) -> None:
        known, found = self.desk.objectives(self.family), []
        held = {} if self.is_new else {each.title: each for each in self.risk.objectives.all()}
        for title in values.listed(text):
            rows = [held[title]] if title in held else known.get(title, [])
            if not rows:
                words = _("%(family)s has no objective “%(title)s”.")
                raise Wrong(words % {"family": self.family.slug, "title": title[:80]})
            if len(rows) > 1:
                raise Wrong(_("Several objectives are called “%s”.") % title[:80])
            found += rows
        self._link(name, found, lambda each: each.title)

    def _terms(self, name: str, text: str) -> None:
        found = []
        for code in values.listed(text):
            rows = self.desk.terms.get(code.casefold(), [])
            if not rows:
                raise Wrong(_("No list has an entry “%s”.") % code[:80])
            if len(rows) > 1:
                both = ", ".join(f"{each.of}:{each.code}" for each in rows[:3])  # type: ignore[attr-defined]
                raise Wrong(_("Several lists have it. Say which: %s.") % both)
            found += rows
        self._link(name, found, lambda each: each.code)

    def _link(self, name: str, rows: list[Any], word: Any) -> None:
        rows = list({each.pk: each for each in rows}.values())
        was = [] if self.is_new else list(getattr(self.risk, name).all())
        if {each.pk for each in was} != {each.pk for each in rows}:
            self.plan.links[name] = rows
            self._show(name, [word(each) for each in was], [word(each) for each in rows])

    # --- who answers for it -----------------------------------------------------------------------

    def _person(self, name: str, text: str) -> None:
        email, stored = text.strip().casefold(), getattr(self.risk, name)
        if email == (stored.email.casefold() if stored else ""):
            return
        if not email:
            if name == "owner":
                raise Wrong(_("An import leaves no risk without its owner. Name the next one."))
            self._change("deputy_id", None, was=stored.email, now="")
            return
        person = self.desk.people(self.family).get(email)
        if person is None:
            words = _("Nobody with the address %(email)s has a role for %(family)s.")
            raise Wrong(words % {"email": email[:100], "family": self.family.slug})
        self._change(f"{name}_id", person.pk, was=stored.email if stored else "", now=person.email)

    # --- its state --------------------------------------------------------------------------------

    def _stage(self, name: str, text: str) -> None:
        if not text.strip():
            return
        stage = values.choice(text, Risk.Stage.choices)
        if not self.is_new:
            if stage != self.risk.stage:
                raise Wrong(_("An import does not open or close a risk; it is “%s” here.") % self.risk.stage_label)
            return
        if stage == Risk.Stage.CLOSED:
            raise Wrong(_("A new risk is a stub, a draft or open."))
        self.plan.changes["stage"] = stage
        self._show(name, "", stage)

    def _treatment(self, name: str, text: str) -> None:
        if not text.strip():
            return
        treatment = values.choice(text, Risk.Treatment.choices)
        if not self.is_new and treatment != self.risk.treatment:
            raise Wrong(_("The treatment is chosen on the page of the risk, with the reason."))
        self._change(name, treatment)

    # --- its level --------------------------------------------------------------------------------

    def _judgement(self, kind: str) -> None:
        parts, wrong = {}, False
        for part, words in (("likelihood", self.desk.scale.likelihoods), ("severity", self.desk.scale.severities)):
            column = f"{kind}_{part}"
            stored = getattr(self.risk, column)
            parts[part] = stored
            text = self.cells.get(column, "").strip()
            if not text:
                if column in self.cells and stored is not None:
                    self._refuse(column, _("An import takes no judgement away; it is %d here.") % stored)
                    wrong = True
                continue
            if stored is not None and text == str(stored):
                continue
            try:
                parts[part] = values.step(text, words)
            except Wrong as error:
                self._refuse(column, error)
                wrong = True
        if wrong:
            return
        likelihood, severity = parts["likelihood"], parts["severity"]
        if (likelihood is None) != (severity is None):
            missing = "likelihood" if likelihood is None else "severity"
            self._refuse(f"{kind}_{missing}", _("A level needs both, likelihood and severity."))
        elif likelihood is not None and severity is not None:
            self._judge(kind, likelihood, severity)

    def _judge(self, kind: str, likelihood: int, severity: int) -> None:
        stored = getattr(self.risk, f"{kind}_likelihood"), getattr(self.risk, f"{kind}_severity")
        if (likelihood, severity) == stored:
            return
        column = f"{kind}_likelihood" if likelihood != stored[0] else f"{kind}_severity"
        if not self._can_be_judged(column):
            return
        band = self.desk.scale.band(likelihood, severity)
        before = None
        if not self.is_new and kind != "target":
            before = self.risk.inherent if kind == "inherent" else self.risk.current
        if before is not None and is_lower(likelihood, severity, band, than_score=before.score, than_band=before.band):
            words = _("An import never lowers a level. It is %(was)d %(band)s, the file says %(now)d %(lower)s.")
            told = {"was": before.score, "band": before.label, "now": likelihood * severity, "lower": band.label}
            self._refuse(column, words % told)
            return
        self.plan.judgements[kind] = (likelihood, severity)
        for part, value, was in (("likelihood", likelihood, stored[0]), ("severity", severity, stored[1])):
            if value != was:
                self._show(f"{kind}_{part}", was, value)

    def _can_be_judged(self, column: str) -> bool:
        if self.risk.stage == Risk.Stage.CLOSED:
            self._refuse(column, _("This risk is closed. Reopen it before it is judged again."))
        elif self.risk.scale_id != self.desk.scale.pk:
            self._refuse(column, _("This risk waits to be carried over to the scale in force."))
        else:
            return True
        return False

    def _factor(self, name: str, text: str) -> None:
        stored = getattr(self.risk, name)
        if text.strip() == plain(stored):
            return
        if not text.strip():
            raise Wrong(_("An import takes no judgement away."))
        scale = self.desk.scale
        if name == "confidence":
            value: Any = values.choice(text, Risk.Confidence.choices)
        else:
            words = scale.detectabilities if name == "detectability" else scale.reversibilities
            if not words:
                raise Wrong(_("This publisher's scale does not ask for this."))
            value = values.step(text, words)
        if value != stored and self._can_be_judged(name):
            self._change(name, value)

    # --- when it is looked at ---------------------------------------------------------------------

    def _review_days(self, name: str, text: str) -> None:
        days = values.number(text, 1, 3650) if text.strip() else None
        self._change(name, days)

    def _review_due_on(self, name: str, text: str) -> None:
        day = values.day(text) if text.strip() else None
        stored = self.risk.review_due_on
        if day == stored:
            return
        if day is None:
            raise Wrong(_("An import does not put off when a risk is looked at again; it is due on %s.") % stored)
        latest = stored or self._latest_look()
        if latest is not None and day > latest:
            raise Wrong(_("An import does not put off when a risk is looked at again; it is due on %s.") % latest)
        self._change(name, day)

    def _latest_look(self) -> dt.date | None:
        band = self._band()
        rule = self.desk.rules.get(band) if band else None
        days = self.plan.changes.get("review_days", self.risk.review_days) or (rule.review_days if rule else None)
        return timezone.localdate() + dt.timedelta(days=days) if days else None

    def _band(self) -> str | None:
        """The level that counts once the row is applied."""
        for kind in ("residual", "inherent"):
            if pair := self.plan.judgements.get(kind):
                return self.desk.scale.band(*pair).value
            if stored := getattr(self.risk, f"{kind}_band"):
                return str(stored)
        return None

    # --- the row as a whole -----------------------------------------------------------------------

    def _whole(self) -> None:
        plan, changes = self.plan, self.plan.changes
        stage = changes.get("stage", self.risk.stage)
        title, harm = (changes.get(name, getattr(self.risk, name)) for name in ("title", "harm"))
        if not title:
            self._refuse_once("title", _("A risk has a title."))
        if not harm.strip() and stage != Risk.Stage.STUB:
            self._refuse_once("harm", _("Say what the harm is. Only a stub can do without."))
        owner = changes.get("owner_id", self.risk.owner_id)
        if owner is not None and owner == changes.get("deputy_id", self.risk.deputy_id):
            self._refuse_once("deputy", _("The deputy is somebody else than the owner."))
        for name in ("owner", "deputy"):
            if changes.get(f"{name}_id", 0) == getattr(self.risk, "acceptor", None):
                self._refuse_once(name, _("Whoever accepted the risk cannot answer for it as well."))
        # What is wrong with the judgement itself is told already.
        told = any(column in {"inherent_likelihood", "inherent_severity"} for column, _reason in plan.problems)
        judged = told or "inherent" in plan.judgements or self.risk.inherent_likelihood is not None
        if not judged and ("residual" in plan.judgements or "target" in plan.judgements):
            self._refuse_once("inherent_likelihood", _("Judge the risk before mitigation first."))
        if not judged and any(name in changes for name in FACTORS):
            self._refuse_once("inherent_likelihood", _("Judge the risk before mitigation first."))
        if self.is_new:
            self._whole_new(stage, owner, judged=judged)

    def _whole_new(self, stage: str, owner: int | None, *, judged: bool) -> None:
        plan, actor = self.plan, self.desk.actor
        if stage == Risk.Stage.OPEN and owner is None:
            self._refuse_once("owner", _("An open risk has an owner."))
        if stage == Risk.Stage.OPEN and not judged:
            self._refuse_once("inherent_likelihood", _("An open risk is judged."))
        band = self._band()
        if plan.changes.get("treatment") == Risk.Treatment.ACCEPT:
            rule = self.desk.rules.get(band) if band else None
            if rule is None or rule.acceptance_days == 0:
                self._refuse_once("treatment", _("At this level a risk cannot be accepted."))
        mine = actor.pk in {owner, plan.changes.get("deputy_id")}
        if mine and {"inherent", "residual"} <= plan.judgements.keys():
            (was, bad), (likelihood, severity) = plan.judgements["inherent"], plan.judgements["residual"]
            before, after = self.desk.scale.band(was, bad), self.desk.scale.band(likelihood, severity)
            lower = is_lower(likelihood, severity, after, than_score=was * bad, than_band=before)
            if lower and self.desk.rules[before].needs_second_person:
                words = _("You answer for it yourself: lowering it from %s needs a second person. Leave this empty.")
                self._refuse_once("residual_likelihood", words % before.label)

    def _allowed(self) -> None:
        """What the services ask of whoever does the same on a page."""
        plan, actor = self.plan, self.desk.actor
        if self.is_new:
            if not permissions.can_create_risk(actor, self.family):
                self._refuse_once("family", _("You may not record risks for %s.") % self.family.slug)
            judged = Risk(family=self.family, owner_id=plan.changes.get("owner_id"))
            judged.deputy_id = plan.changes.get("deputy_id")
            if plan.judgements and not permissions.can_assess_risk(actor, judged):
                self._refuse_once("inherent_likelihood", _("Its owner or a release manager judges it."))
            if plan.changes.get("stage") == Risk.Stage.OPEN and not permissions.can_move_risk(actor, judged):
                self._refuse_once("stage", _("Its owner or a release manager opens it."))
            return
        if not plan.shown:
            return
        people = {"owner_id", "deputy_id"} & plan.changes.keys()
        factors = set(FACTORS) & plan.changes.keys()
        rest = plan.changes.keys() - people - factors
        if (rest or plan.links or plan.key) and not permissions.can_edit_risk(actor, self.risk):
            self._refuse_once("reference", _("You may not change this risk."))
        if people and not permissions.can_assign_risk_owner(actor, self.risk):
            self._refuse_once("owner", _("You may not say who answers for this risk."))
        if (plan.judgements or factors) and not permissions.can_assess_risk(actor, self.risk):
            self._refuse_once("reference", _("Its owner or a release manager judges it."))
