from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.roles import Role
from common.forms import BaseForm, BaseModelForm, DateInput, ManyUploadsField, RadioCards
from governance.models import Decision
from incidents import evidence, receipts
from incidents.models import Category, CloseReason, Incident, MisuseReport
from registry.models import ModelFamily, Release, Risk
from registry.scale import Band

HINTS: dict[str, Any] = {
    Category.FRAUD: _("Scams, phishing, cloned voices"),
    Category.HARASSMENT: _("Abuse aimed at people or groups"),
    Category.CSAM: _("Say where it is. Do not send us the material."),
    Category.CYBER: _("Malware, break-ins, help with them"),
    Category.CBRN: _("Dangerous know-how"),
    Category.SELF_HARM: _("Advice or encouragement to do it"),
    Category.PRIVACY: _("Personal or secret data in answers"),
    Category.OTHER: _("Tell us in your own words"),
}
SEVERITY_HINTS: dict[str, Any] = {
    Band.LOW: _("A nuisance; nobody was harmed"),
    Band.MODERATE: _("Some harm, limited and reversible"),
    Band.HIGH: _("Serious harm, or many people"),
    Band.CRITICAL: _("Danger to life, or spreading now"),
}


class DatalistInput(forms.TextInput):
    """A text field with suggestions, which takes anything else as well."""

    template_name = "incidents/widgets/datalist.html"
    suggestions: Any = ()

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["suggestions"] = self.suggestions() if callable(self.suggestions) else self.suggestions
        return context


def _evidence_field(**options: Any) -> ManyUploadsField:
    return ManyUploadsField(
        label=_("Screenshots or files"),
        help_text=_("We keep files as they are: remove a place or a name hidden in them if it would give you away."),
        required=False,
        max_bytes=evidence.MAX_BYTES,
        max_files=evidence.MAX_FILES,
        kinds=evidence.KINDS,
        **options,
    )


class ReportForm(BaseForm):
    """Three things we must know; the rest helps."""

    model = forms.CharField(
        label=_("Which model is it about?"),
        help_text=_("Choose from the list, or write what you know: a name, an address, “I do not know”."),
        max_length=200,
        widget=DatalistInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Say which model it is about; “I do not know” is fine")},
    )
    category = forms.ChoiceField(
        label=_("What kind of misuse is it?"),
        help_text=_("Pick the closest. You can explain below."),
        choices=Category.choices,
        widget=RadioCards(hints=HINTS, columns=2),
        error_messages={"required": _("Choose what kind of misuse this is")},
    )
    what_happened = forms.CharField(
        label=_("What happened?"),
        help_text=_(
            "In your own words. Leave out the names of people who were harmed, and yours if you want to stay anonymous."
        ),
        min_length=20,
        max_length=4000,
        widget=forms.Textarea({"rows": 7}),
        error_messages={
            "required": _("Describe what happened in at least 20 characters"),
            "min_length": _("Describe what happened in at least 20 characters"),
        },
    )
    version = forms.CharField(label=_("Which version of the model?"), required=False, max_length=60)
    happened_when = forms.CharField(
        label=_("When was it?"), help_text=_("Roughly is fine: “last week”."), required=False, max_length=100
    )
    happened_where = forms.CharField(
        label=_("Where did you see it?"), help_text=_("A site, an app, a message."), required=False, max_length=200
    )
    link = forms.URLField(
        label=_("Link to it"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "autocapitalize": "none"}),
    )
    evidence = _evidence_field()
    contact = forms.CharField(
        label=_("How can we reach you?"),
        help_text=_("Leave it empty to stay anonymous: you can read our answers with the receipt."),
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    form_token = forms.CharField(widget=forms.HiddenInput, required=False)

    NEEDED = ("model", "category", "what_happened")

    def __init__(self, *args: Any, suggestions: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].widget.suggestions = suggestions

    @property
    def needed(self) -> list[Any]:
        return [self[name] for name in self.NEEDED]

    @property
    def optional(self) -> list[Any]:
        return [field for field in self.visible_fields() if field.name not in self.NEEDED]


class SavedForm(BaseForm):
    saved = forms.BooleanField(
        label=_("I have saved the receipt"),
        help_text=_("It is the only way back to your report. We cannot send it again."),
        error_messages={"required": _("Save the receipt, then tick that you have")},
    )


class TrackForm(BaseForm):
    """Takes a receipt as people write it; whether it is one, the service says."""

    receipt = forms.CharField(
        label=_("Your receipt"),
        help_text=_("Seven groups of five letters and digits. Capitals, dashes and spaces do not matter."),
        max_length=200,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "mono"}
        ),
        error_messages={"required": _("Type the receipt you got when you sent the report")},
    )

    def clean_receipt(self) -> str:
        text: str = self.cleaned_data["receipt"]
        try:
            receipts.parse(text)
        except receipts.Mistyped as mistyped:
            raise forms.ValidationError(str(mistyped), "mistyped") from mistyped
        return text


class ReplyForm(BaseForm):
    body = forms.CharField(
        label=_("Write to us"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        error_messages={"required": _("Write a message")},
    )
    evidence = _evidence_field()
    report = forms.CharField(widget=forms.HiddenInput)


class _OwnerChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


class TriageForm(BaseForm):
    severity = forms.ChoiceField(
        label=_("How severe is it?"),
        choices=Band.choices,
        widget=RadioCards(hints=SEVERITY_HINTS, columns=2),
        error_messages={"required": _("Choose how severe it is")},
    )
    owner = _OwnerChoice(queryset=None, label=_("Who looks at it?"), error_messages={"required": _("Choose an owner")})
    incident = forms.CharField(
        label=_("Incident"),
        help_text=_("The number of an incident it is part of, such as INC-12."),
        required=False,
        max_length=20,
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, owners: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]

    def clean_incident(self) -> Incident | None:
        if not self.cleaned_data["incident"].strip():
            return None
        found = numbered(Incident, "INC-", self.cleaned_data["incident"], self.user)
        if found is None:
            raise forms.ValidationError(_("There is no such incident. Write its number, such as INC-12."))
        return found


def numbered(model: Any, prefix: str, text: str, user: Any) -> Any:
    """The row that ``user`` may see and whose reference (``INC-12``, or 12) is ``text``; None where there is none."""
    number = text.strip().upper().removeprefix(prefix)
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return model.objects.visible_to(user).filter(pk=int(number)).first()


class MatchForm(BaseForm):
    release = forms.ModelChoiceField(
        queryset=Release.objects.none(), label=_("Release"), error_messages={"required": _("Choose a release")}
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        releases = Release.objects.visible_to(user).select_related("family").order_by("family__name", "-pk")
        self.fields["release"].queryset = releases  # type: ignore[attr-defined]


class MessageForm(BaseForm):
    body = forms.CharField(
        label=_("Message"),
        max_length=4000,
        widget=forms.Textarea({"rows": 5}),
        error_messages={"required": _("Write a message")},
    )


class NoteForm(MessageForm):
    evidence = ManyUploadsField(
        label=_("Files"),
        required=False,
        max_bytes=evidence.MAX_BYTES,
        max_files=evidence.MAX_FILES,
        kinds=evidence.KINDS,
    )


class CloseForm(BaseForm):
    reason = forms.ChoiceField(
        label=_("Why is it closed?"),
        choices=[("", _("Choose a reason")), *CloseReason.choices],
        error_messages={"required": _("Choose a reason")},
    )
    body = forms.CharField(
        label=_("What the reporter reads"),
        help_text=_("The reason above is shown with it."),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        error_messages={"required": _("Tell the reporter what came of it")},
    )


class ReasonForm(BaseForm):
    reason = forms.CharField(
        label=_("Why?"), max_length=1000, widget=forms.Textarea({"rows": 3}), error_messages={"required": _("Say why")}
    )


class MoveForm(ReasonForm):
    move = forms.CharField(widget=forms.HiddenInput)


class IncidentForm(BaseModelForm):
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Incident
        fields = ["title", "summary", "severity", "owner", "occurred_on", "families", "releases", "risks"]
        widgets = {
            "occurred_on": DateInput(),
            "severity": RadioCards(hints=SEVERITY_HINTS, columns=2),
            "families": forms.SelectMultiple({"size": 5}),
            "releases": forms.SelectMultiple({"size": 5}),
            "risks": forms.SelectMultiple({"size": 5}),
        }

    def __init__(self, *args: Any, user: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["severity"].choices = Band.choices  # type: ignore[attr-defined]
        self.fields["severity"].required = True
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]
        mine = ModelFamily.objects.with_role(user, Role.INCIDENT_HANDLER)
        for name, rows in {
            "families": mine,
            "releases": Release.objects.filter(family__in=mine)
            .select_related("family")
            .order_by("family__name", "-pk"),
            "risks": Risk.objects.filter(family__in=mine).order_by("-pk"),
        }.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["row_version"] = self.instance.row_version
            self.fields["families"].help_text = _("Those that you handle. Models of others stay as they are.")


class LessonsForm(BaseForm):
    lessons = forms.CharField(
        label=_("Lessons learned"),
        help_text=_("What made it possible, what worked, what will be different. The safety report quotes it."),
        max_length=8000,
        widget=forms.Textarea({"rows": 6}),
        error_messages={"required": _("Write what was learned")},
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput)


class LinkForm(BaseForm):
    """Links something by the number people speak of it with."""

    reference = forms.CharField(max_length=20, error_messages={"required": _("Write its number")})

    def __init__(self, *args: Any, model: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model, self.user = model, user
        if model is MisuseReport:
            self.fields["reference"].label = _("Report")
            self.fields["reference"].help_text = _("Its number, such as MR-12.")
        else:
            self.fields["reference"].label = _("Decision")
            self.fields["reference"].help_text = _("Its number, such as D-12.")

    def clean_reference(self) -> Any:
        text = self.cleaned_data["reference"]
        if self.model is MisuseReport:
            found = numbered(MisuseReport, "MR-", text, self.user)
        else:
            found = Decision.objects.visible_to(self.user).search(text).first() if text.strip()[-1:].isdigit() else None
        if found is None:
            raise forms.ValidationError(_("There is nothing with this number, or nothing you may see."))
        return found


class RaiseRiskForm(BaseForm):
    """A concern in one line about one of an incident's models."""

    family = forms.ModelChoiceField(label=_("Model"), queryset=ModelFamily.objects.none())
    title = forms.CharField(
        label=_("What could happen again?"),
        max_length=200,
        help_text=_("One line is enough: it becomes a stub in the risk register."),
        error_messages={"required": _("Say in one line what could happen again")},
    )

    def __init__(self, *args: Any, families: list[ModelFamily], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["family"]
        field.queryset = ModelFamily.objects.filter(pk__in=[family.pk for family in families])
        # Named once: they are at hand.
        field.choices = [(family.pk, family.name) for family in families]
        if len(families) == 1:
            field.widget = forms.HiddenInput()
            self.initial["family"] = families[0].pk
