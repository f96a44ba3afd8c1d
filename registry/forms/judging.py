"""What is done about a risk, and bearing it for a while."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, DateInput, RadioCards
from registry.models import BandRule, Risk
from registry.models.acceptances import day_of_record


class TreatmentForm(BaseForm):
    treatment = forms.ChoiceField(
        label=_("What is done about it?"),
        choices=Risk.Treatment.choices,
        widget=RadioCards(
            columns=2,
            hints={
                "mitigate": _("Do something that makes it less likely or less bad."),
                "avoid": _("Do not do what brings it about."),
                "transfer": _("Somebody else carries it, by contract or insurance."),
                "accept": _("Bear it as it is for a while. Another person has to say so."),
            },
        ),
    )
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class AcceptanceForm(BaseForm):
    ends_on = forms.DateField(label=_("Until"), widget=DateInput)
    reason = forms.CharField(label=_("Why it can be borne"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    conditions = forms.CharField(
        label=_("On what conditions"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, rule: BandRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = day_of_record() + dt.timedelta(days=rule.acceptance_days)
        self.fields["ends_on"].help_text = _t(
            "No later than %(day)s. It lapses by itself at the end of that day, UTC."
        ) % {"day": date_format(latest, "j M Y")}
        self.fields["ends_on"].widget.attrs |= {"min": day_of_record().isoformat(), "max": latest.isoformat()}
