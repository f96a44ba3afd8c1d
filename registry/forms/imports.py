"""Bringing a register along, and changing many risks at once."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.forms import BaseForm, UploadField
from registry.forms.catalogue import choice
from registry.interchange.readers import LARGEST_FILE
from registry.models import BulkChange, ModelFamily, Publisher


class RiskImportForm(BaseForm):
    publisher = forms.ModelChoiceField(label=_("Publisher"), queryset=Publisher.objects.none())
    family = forms.ModelChoiceField(
        label=_("Model family"),
        queryset=ModelFamily.objects.none(),
        required=False,
        empty_label=_("Every row names its own"),
        help_text=_("For rows that name none in a column “family”."),
    )
    file = UploadField(label=_("File"), max_bytes=LARGEST_FILE, kinds={".csv": "CSV", ".xlsx": "XLSX", ".json": "JSON"})

    def __init__(self, *args: Any, publishers: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice(self, "publisher").queryset = publishers
        choice(self, "family").queryset = families


class BulkChangeForm(BaseForm):
    """What is done to the risks that were chosen; whom it concerns, where it concerns somebody."""

    person = forms.ModelChoiceField(
        label=_("Who"),
        queryset=User.objects.none(),
        help_text=_("People with a role where these risks are. Whoever has none for a risk is not named for it."),
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, action: str, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if action == BulkChange.Action.REVIEW:
            del self.fields["person"]
        else:
            choice(self, "person").queryset = people
            del self.fields["reason"]
