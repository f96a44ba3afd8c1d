"""Looking at risks again, review rounds, and reviews of releases with a question set."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, DateInput, RadioCards, UploadField
from registry import lists
from registry.forms.catalogue import choice
from registry.forms.stubs import risk_called
from registry.models import ModelFamily, Publisher, Question, QuestionSet, ReleaseReview, RiskReview, Taxonomy

RAISE, KNOWN, NONE = "raise", "known", "none"
HINTS = {
    RiskReview.Verdict.RIGHT: _("What is on record holds. It is due again as its level asks."),
    RiskReview.Verdict.JUDGE: _("Something changed: it is due today, until somebody has judged it anew."),
    RiskReview.Verdict.CLOSE: _("It cannot happen any more. Your words are the reason on record."),
}


class RiskReviewForm(BaseForm):
    verdict = forms.ChoiceField(
        label=_("Is it still right?"),
        choices=RiskReview.Verdict.choices,
        widget=RadioCards(hints=HINTS),
        error_messages={"required": _("Say whether it is still right")},
    )
    note = forms.CharField(
        label=_("What you looked at"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed where something has to change."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, may_close: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_close:
            choice(self, "verdict").choices = RiskReview.Verdict.choices[:2]


class CadenceForm(BaseForm):
    review_days = forms.IntegerField(
        label=_("Look again after, in days"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Leave it empty to look again as often as the scale says for its level."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)


def _in_a_month() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=30)


class RoundForm(BaseForm):
    """Title and day of a round; which risks, the filter of the register in the address says."""

    publisher = forms.ModelChoiceField(label=_("Publisher"), queryset=Publisher.objects.none())
    family = forms.ModelChoiceField(
        label=_("Model family"), queryset=ModelFamily.objects.none(), required=False, empty_label=_("All")
    )
    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("Such as “Autumn round 2026”."))
    due_on = forms.DateField(label=_("Done by"), widget=DateInput, initial=_in_a_month)

    def __init__(self, *args: Any, publishers: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "publisher").queryset = publishers
        choice(self, "family").queryset = families


class StartReviewForm(BaseForm):
    question_set = forms.ModelChoiceField(
        label=_("Question set"), queryset=QuestionSet.objects.none(), widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, sets: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "question_set").queryset = sets


class AnswersForm(BaseForm):
    """The questions of a set, each with room for a note. All may stay empty until the review is submitted."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, questions: list[Question], before: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for question in questions:
            help_text = question.help
            if told := self._told(question, before.get(question.key) or {}):
                help_text = f"{help_text} {told}".strip()
            self.fields[f"value-{question.key}"] = self._field(question, help_text)
            if question.kind != Question.Kind.TEXT:
                self.fields[f"note-{question.key}"] = forms.CharField(
                    label=_("Note on “%s”") % question.text,
                    required=False,
                    max_length=4000,
                    widget=forms.Textarea(attrs={"rows": 2}),
                )

    @staticmethod
    def _told(question: Question, answer: dict[str, str]) -> str:
        words = [part for part in (question.label_of(answer.get("value", "")), answer.get("note", "")) if part]
        return str(_("Last time: %s") % " – ".join(words)[:300]) if words else ""

    @staticmethod
    def _field(question: Question, help_text: str) -> forms.Field:
        # Hints are drawn as markup, and question sets are brought along by people.
        common: dict[str, Any] = {"label": question.text, "required": False, "help_text": escape(help_text)}
        if question.kind == Question.Kind.TEXT:
            return forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 4}), **common)
        columns = 6 if question.kind == Question.Kind.SCALE else 4
        return forms.ChoiceField(choices=question.answers, widget=RadioCards(columns=columns), **common)

    @property
    def sections(self) -> list[tuple[str, list[list[Any]]]]:
        """By section, each question with its fields."""
        found: dict[str, list[list[Any]]] = {}
        for question in self.questions:
            names = [f"value-{question.key}", f"note-{question.key}"]
            found.setdefault(question.section, []).append([self[name] for name in names if name in self.fields])
        return list(found.items())

    def answers(self) -> dict[str, dict[str, str]]:
        data = self.cleaned_data
        return {
            question.key: {
                "value": data.get(f"value-{question.key}", ""),
                "note": data.get(f"note-{question.key}", ""),
            }
            for question in self.questions
        }

    @staticmethod
    def initial_of(answers: dict[str, dict[str, str]]) -> dict[str, str]:
        return {f"{part}-{key}": answer.get(part, "") for key, answer in answers.items() for part in ("value", "note")}


class SubmissionForm(BaseForm):
    """What the answers come to, and what is done about each that raises a risk."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=ReleaseReview.Outcome.choices, widget=RadioCards(columns=3))
    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    conditions = forms.CharField(
        label=_("Conditions"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What has to be done, and until when. Needed when it passes with conditions."),
    )
    next_due_on = forms.DateField(
        label=_("Ask again by"),
        required=False,
        widget=DateInput,
        help_text=_("Left empty, as the question set says."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, review: ReleaseReview, raised: list[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.review, self.raised = review, raised
        for question in raised:
            self.fields[f"how-{question.key}"] = forms.ChoiceField(
                label=question.text,
                choices=[
                    (RAISE, _("Raise a risk")),
                    (KNOWN, _("It is in the register already")),
                    (NONE, _("There is no risk")),
                ],
                initial=RAISE,
                widget=RadioCards(columns=3),
            )
            self.fields[f"what-{question.key}"] = forms.CharField(
                label=_("The risk, its number, or why there is none"), max_length=2000, initial=question.risk_title
            )

    @property
    def findings_fields(self) -> list[tuple[Question, Any, Any]]:
        return [(each, self[f"how-{each.key}"], self[f"what-{each.key}"]) for each in self.raised]

    @property
    def outcome_fields(self) -> list[Any]:
        return [self[name] for name in ("outcome", "reason", "conditions", "next_due_on")]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        findings = {}
        for question in self.raised:
            how, what = data.pop(f"how-{question.key}", ""), data.pop(f"what-{question.key}", "")
            if not how or not what:
                continue
            try:
                findings[question.key] = self._finding(how, what)
            except forms.ValidationError as error:
                self.add_error(f"what-{question.key}", error)
        data["findings"] = findings
        return data

    def _finding(self, how: str, what: str) -> dict[str, Any]:
        if how == RAISE:
            if len(what) > 200:
                raise forms.ValidationError(_("A risk has a title of at most 200 characters."))
            return {"title": what}
        return {"risk": risk_called(what, self.review.release.family_id)} if how == KNOWN else {"ruled_out": what}


class QuestionSetForm(BaseForm):
    """A set as a file: JSON says everything, a CSV has the questions and the fields here say the rest."""

    publisher = forms.ModelChoiceField(label=_("Publisher"), queryset=Publisher.objects.none())
    file = UploadField(label=_("File"), max_bytes=lists.LARGEST_FILE, kinds={".json": "JSON", ".csv": "CSV"})
    slug = forms.CharField(label=_("Short name"), required=False, max_length=60, help_text=_("Such as “privacy”."))
    title = forms.CharField(label=_("Title"), required=False, max_length=200)
    about = forms.CharField(
        label=_("What it is about"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    review_days = forms.IntegerField(label=_("Ask again after, in days"), required=False, min_value=1, max_value=3650)

    def __init__(self, *args: Any, publishers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "publisher").queryset = publishers


class TaxonomyForm(BaseForm):
    """A published list as a file, in the same two ways."""

    file = UploadField(label=_("File"), max_bytes=lists.LARGEST_FILE, kinds={".json": "JSON", ".csv": "CSV"})
    slug = forms.CharField(label=_("Short name"), required=False, max_length=60)
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    kind = forms.ChoiceField(
        label=_("It lists"), required=False, choices=[("", _("As the file says")), *Taxonomy.Kind.choices]
    )
    version = forms.CharField(label=_("Version"), required=False, max_length=40)
    url = forms.URLField(label=_("Source"), required=False, assume_scheme="https")
    licence = forms.CharField(
        label=_("Licence"),
        required=False,
        max_length=120,
        help_text=_("Only lists whose licence lets you show their names here."),
    )


class RequiredReviewsForm(BaseForm):
    """Which sets a publisher asks for before a release goes public."""

    def __init__(self, *args: Any, sets: list[QuestionSet], required: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sets = sets
        for each in sets:
            state = {None: "", False: "asked", True: "blocks"}[required.get(each.slug)]
            self.fields[f"set-{each.slug}"] = forms.ChoiceField(
                label=each.title,
                required=False,
                initial=state,
                choices=[
                    ("", _("Not asked for")),
                    ("asked", _("Asked for; the release page says when it is missing")),
                    ("blocks", _("Nothing is published without it")),
                ],
                widget=RadioCards(columns=3),
            )

    def required(self) -> dict[str, bool]:
        return {each.slug: state == "blocks" for each in self.sets if (state := self.cleaned_data[f"set-{each.slug}"])}
