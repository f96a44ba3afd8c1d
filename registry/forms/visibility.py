from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm
from registry import visibility
from registry.models import Publisher


class RiskFieldsForm(BaseForm):
    """Which fields of its risks a publisher shows to everybody, and the step that asks again."""

    public_risk_fields = forms.MultipleChoiceField(
        label=_("Everybody sees"),
        required=False,
        choices=list(visibility.FIELDS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Number, title and state of a risk that is shown are never hidden."),
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, publisher: Publisher, **kwargs: Any) -> None:
        shown = visibility.in_order(visibility.public_fields(publisher))
        kwargs.setdefault("initial", {"public_risk_fields": shown, "row_version": publisher.row_version})
        super().__init__(*args, **kwargs)
