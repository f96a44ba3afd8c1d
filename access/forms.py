from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from access import answers as answering
from access.models import AccessRequest, RequestMessage, Tier, TierQuestion
from common.forms import BaseForm, BaseModelForm, CheckboxCards, DateInput, RadioCards


class TierChoiceForm(BaseForm):
    tier = forms.ModelChoiceField(
        queryset=Tier.objects.none(),
        label=_("Which kind of access do you need?"),
        empty_label=None,
        error_messages={"required": _("Choose which kind of access you need")},
    )

    def __init__(self, *args: Any, tiers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = list(tiers)
        self.fields["tier"].queryset = Tier.objects.filter(pk__in=[tier.pk for tier in tiers])
        self.fields["tier"].widget = RadioCards(
            choices=[(tier.pk, tier.name) for tier in tiers], hints={str(tier.pk): tier.description for tier in tiers}
        )


class PhaseTiersForm(BaseForm):
    """The tiers of a family that a phase opens: all, some or none."""

    tiers = forms.ModelMultipleChoiceField(queryset=Tier.objects.none(), label=_("Open in this phase"), required=False)

    def __init__(self, *args: Any, tiers: list[Tier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["tiers"].queryset = Tier.objects.filter(pk__in=[tier.pk for tier in tiers]).order_by("order", "pk")
        hints = {str(tier.pk): tier.description for tier in tiers}
        fields["tiers"].widget = CheckboxCards(choices=[(tier.pk, tier.name) for tier in tiers], hints=hints)


class QuestionsForm(BaseForm):
    """What everybody is asked, then what the tier asks."""

    purpose = forms.CharField(
        label=_("What do you want to do, in one line?"),
        max_length=200,
        help_text=_("For example: Measure how well it refuses to write phishing mail."),
        error_messages={"required": _("Say in one line what you want to do")},
    )

    def __init__(self, *args: Any, questions: list[TierQuestion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in questions:
            self.fields[question.field_name] = _field(question)

    @property
    def typed(self) -> dict[str, Any]:
        """What stands in the form, right or wrong, so that none of it is lost."""
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            found[name] = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return found


def _field(question: TierQuestion) -> forms.Field:
    common: dict[str, Any] = {"label": question.text, "help_text": question.help, "required": question.required}
    if question.kind == TierQuestion.Kind.CHECKBOX:
        common["error_messages"] = {"required": _("Tick “%s” to go on") % question.text}
        return forms.BooleanField(**common)
    common["error_messages"] = {"required": _("Answer “%s”") % question.text}
    if question.kind == TierQuestion.Kind.CHOICE:
        choices = [(choice, choice) for choice in question.choices]
        return forms.ChoiceField(widget=RadioCards(), choices=choices, **common)
    if question.kind == TierQuestion.Kind.SHORT:
        return forms.CharField(max_length=answering.SHORT, **common)
    return forms.CharField(widget=forms.Textarea, max_length=answering.LONG, **common)


class SignatureForm(BaseForm):
    typed_name = forms.CharField(
        label=_("Type your full name to accept these terms"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Type your full name to accept the terms")},
    )


class SendForm(BaseForm):
    """Nothing to fill in: it carries the reasons why a request cannot be sent."""


class MessageForm(BaseForm):
    body = forms.CharField(
        label=_("Message"),
        widget=forms.Textarea,
        max_length=4000,
        error_messages={"required": _("Write what you want to say")},
    )


class StaffMessageForm(MessageForm):
    visibility = forms.ChoiceField(
        label=_("Who reads it"),
        choices=RequestMessage.Visibility.choices,
        initial=RequestMessage.Visibility.PUBLIC,
        widget=RadioCards(
            hints={
                "public": _("Shown on the requester's page and sent by mail."),
                "internal": _("Never shown to the requester."),
            },
            columns=2,
        ),
    )
    field_order = ["visibility", "body"]


class DecisionForm(BaseForm):
    outcome = forms.ChoiceField(
        label=_("What do you decide?"),
        choices=[("approve", _("Approve")), ("return", _("Return with questions")), ("decline", _("Decline"))],
        widget=RadioCards(
            hints={
                "approve": _("Makes the grant. The gate opens if the terms are accepted."),
                "return": _("The requester changes what you name and sends it again. Our time stands still."),
                "decline": _("The requester reads why and may ask again."),
            }
        ),
        error_messages={"required": _("Choose what you decide")},
    )
    fields_to_fix = forms.MultipleChoiceField(
        label=_("What has to change? (only when you return it)"), required=False, widget=CheckboxCards()
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The requester reads it, and it goes on record. When you return it, say what you need."),
        widget=forms.Textarea,
        max_length=4000,
        error_messages={"required": _("Say why: the requester reads it")},
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: AccessRequest, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"row_version": request.row_version})
        super().__init__(*args, **kwargs)
        fields = [("purpose", _("What for")), *((entry["name"], entry["text"]) for entry in request.answers)]
        self.fields["fields_to_fix"].choices = fields


class AssignmentForm(BaseForm):
    assignee = forms.ModelChoiceField(
        queryset=None, label=_("Who looks at it"), required=False, empty_label=_("Nobody")
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = people


class ReasonForm(BaseForm):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The person reads it, and it goes on record."),
        widget=forms.Textarea,
        max_length=4000,
        error_messages={"required": _("Say why")},
    )


class QueueFilter(BaseForm):
    """The state of the queue, which is the address of the page."""

    q = forms.CharField(
        label=_("Name, organisation or number"), required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    tier = forms.TypedChoiceField(label=_("Tier"), required=False, coerce=int, empty_value=None)
    tab = forms.CharField(required=False, widget=forms.HiddenInput)
    family = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tiers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[int, str]]] = {}
        for tier in tiers:
            groups.setdefault(tier.family.name, []).append((tier.pk, tier.name))
        self.fields["tier"].choices = [("", _("All tiers")), *groups.items()]


class GrantFilter(BaseForm):
    q = forms.CharField(label=_("Name or model"), required=False, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            ("active", _("Active")),
            ("expired", _("Expired")),
            ("suspended", _("Suspended")),
            ("revoked", _("Revoked")),
        ],
    )


class TierForm(BaseModelForm):
    class Meta:
        model = Tier
        fields = [
            "name",
            "kind",
            "description",
            "support_channel",
            "grant_days",
            "decision_days",
            "renewal_days",
            "order",
            "is_offered",
            "decided_singly",
        ]
        widgets = {"description": forms.Textarea}


class QuestionForm(BaseForm):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(label=_("Question"), max_length=300, error_messages={"required": _("Write the question")})
    help = forms.CharField(label=_("Help"), max_length=500, required=False)
    kind = forms.ChoiceField(label=_("Kind of answer"), choices=TierQuestion.Kind.choices, initial="long")
    choices = forms.CharField(
        label=_("Choices, one a line"), required=False, widget=forms.Textarea, help_text=_("Only for one of a list.")
    )
    required = forms.BooleanField(label=_("Must be answered"), required=False, initial=True)

    def clean_choices(self) -> list[str]:
        return _lines(self.cleaned_data["choices"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == TierQuestion.Kind.CHOICE and len(cleaned.get("choices", [])) < 2:
            self.add_error("choices", _("Write at least two choices, one a line"))
        if any(len(choice) > 200 for choice in cleaned.get("choices", [])):
            self.add_error("choices", _("Write at most 200 characters a line"))
        return cleaned


class BaseQuestionFormSet(BaseFormSet):  # type: ignore[type-arg]
    @property
    def questions(self) -> list[dict[str, Any]]:
        """The questions that stay, in order."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        names = ("id", "text", "help", "kind", "choices", "required")
        return [{name: row.get(name) for name in names if not (name == "id" and row.get("id") is None)} for row in kept]


QuestionFormSet = formset_factory(QuestionForm, formset=BaseQuestionFormSet, extra=2, can_delete=True, max_num=40)


class TermsForm(BaseForm):
    can = forms.CharField(
        label=_("You can"), help_text=_("One sentence a line."), required=False, widget=forms.Textarea
    )
    must = forms.CharField(
        label=_("You must"), help_text=_("One sentence a line."), required=False, widget=forms.Textarea
    )
    must_not = forms.CharField(
        label=_("You must not"), help_text=_("One sentence a line."), required=False, widget=forms.Textarea
    )
    text = forms.CharField(
        label=_("Full text"),
        help_text=_("Markdown."),
        widget=forms.Textarea(attrs={"rows": 14}),
        error_messages={"required": _("Write the full text of the terms")},
    )
    change_note = forms.CharField(label=_("What changed"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    is_material = forms.BooleanField(
        label=_("Everybody has to accept this version"),
        help_text=_("The gate closes to those who have not, from the day below."),
        required=False,
        initial=True,
    )
    enforced_on = forms.DateField(
        label=_("Must be accepted from"), help_text=_("Leave empty for at once."), required=False, widget=DateInput()
    )

    def clean_can(self) -> list[str]:
        return _lines(self.cleaned_data["can"])

    def clean_must(self) -> list[str]:
        return _lines(self.cleaned_data["must"])

    def clean_must_not(self) -> list[str]:
        return _lines(self.cleaned_data["must_not"])


def _lines(text: str) -> list[str]:
    return [line.strip(" -*\t") for line in text.splitlines() if line.strip(" -*\t")]
