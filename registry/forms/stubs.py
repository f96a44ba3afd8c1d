"""Concerns in one line, and what becomes of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm
from registry.forms.catalogue import choice
from registry.forms.risks import RiskEditForm
from registry.models import ModelFamily, Risk


class StubForm(BaseForm):
    family = forms.ModelChoiceField(label=_("Model family"), queryset=ModelFamily.objects.none())
    title = forms.CharField(
        label=_("What worries you?"),
        max_length=200,
        help_text=_("One line is enough. Somebody who treats the risks of this model works it out or closes it."),
        error_messages={"required": _("Say in one line what worries you")},
    )

    def __init__(self, *args: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "family").queryset = families
        known = list(families[:2])
        if len(known) == 1:
            self.fields["family"].widget = forms.HiddenInput()
            self.initial["family"] = known[0].pk


class WorkOutForm(RiskEditForm):
    """A stub becomes a draft once the harm is in words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["harm"].required = True


class DismissForm(BaseForm):
    reason = forms.CharField(label=_("Why is it closed?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    duplicate_of = forms.CharField(
        label=_("It is the same as"),
        required=False,
        max_length=12,
        help_text=_("The number of the risk of this model that says it already, such as R-12."),
    )

    def __init__(self, *args: Any, risk: Risk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.risk = risk

    def clean_duplicate_of(self) -> Risk | None:
        return risk_called(self.cleaned_data["duplicate_of"], self.risk.family_id)


def risk_called(text: str, family_id: int) -> Risk | None:
    """The risk of a family with this number ("R-12", "12"); None for no words, an error for a number that is none."""
    text = text.strip()
    if not text:
        return None
    number = text.upper().removeprefix("R-")
    found = None
    if number.isascii() and number.isdigit() and len(number) < 9:
        found = Risk.objects.select_related("family").filter(family=family_id, number=int(number)).first()
    if found is None:
        raise forms.ValidationError(_("This model family has no risk with this number."))
    return found


class ConcernForm(BaseForm):
    """What somebody outside worries about: one thing we must know."""

    title = forms.CharField(
        label=_("What could go wrong?"),
        min_length=10,
        max_length=200,
        help_text=_("In one line, such as “It helps to imitate the voice of a real person”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Say in one line what could go wrong"),
            "min_length": _("Say it in at least 10 characters"),
        },
    )
    text = forms.CharField(
        label=_("What makes you think so?"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What you saw or read, whom it would touch. Leave out names of people."),
    )
    contact = forms.CharField(
        label=_("How can we reach you?"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Only if we may ask back. We do not promise an answer. It is kept sealed and deleted when the concern "
            "is closed."
        ),
    )
    form_token = forms.CharField(widget=forms.HiddenInput, required=False)
