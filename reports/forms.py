import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.forms import BaseForm, DateInput, RadioCards
from registry.models import ModelFamily, Publisher
from reports.scope import Period, Scope

CUSTOM = "custom"


def presets(today: dt.date) -> list[tuple[str, Any, Period]]:
    """The periods that people ask for: name, label, first day and first day after."""
    month = today.replace(day=1)
    last_month = (month - dt.timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    last_quarter = (quarter - dt.timedelta(days=1)).replace(day=1)
    last_quarter = last_quarter.replace(month=3 * ((last_quarter.month - 1) // 3) + 1)
    half = today.replace(month=1 if today.month <= 6 else 7, day=1)
    last_half = half.replace(month=1) if half.month == 7 else half.replace(year=half.year - 1, month=7)
    year = today.replace(month=1, day=1)
    return [
        ("last_month", _("Last month"), Period(last_month, month)),
        ("last_quarter", _("Last quarter"), Period(last_quarter, quarter)),
        ("last_half", _("Last half-year"), Period(last_half, half)),
        ("last_year", _("Last year"), Period(year.replace(year=year.year - 1), year)),
        ("this_year", _("This year so far"), Period(year, today + dt.timedelta(days=1))),
    ]


class ReportForm(BaseForm):
    """What about and for when. The last day belongs to the period, as people say it; a period does not."""

    subject = forms.ChoiceField(label=_("About"))
    preset = forms.ChoiceField(label=_("Period"), widget=RadioCards(columns=2))
    first_day = forms.DateField(
        label=_("First day"),
        required=False,
        widget=DateInput(),
        help_text=_("For a period of your own. Days are in UTC."),
    )
    last_day = forms.DateField(label=_("Last day"), required=False, widget=DateInput())
    title = forms.CharField(
        label=_("Title"), max_length=200, required=False, help_text=_("Left empty, it names the model and the period.")
    )

    def __init__(self, *args: Any, publishers: Any, families: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.publishers, self.families = publishers, families
        self.presets = {name: (label, period) for name, label, period in presets(timezone.now().date())}
        fields: dict[str, Any] = self.fields
        fields["subject"].choices = [
            (
                _("One model family"),
                [(f"family-{each.pk}", f"{each.name} ({each.publisher.name})") for each in families],
            ),
            (_("All models of a publisher"), [(f"publisher-{each.pk}", each.name) for each in publishers]),
        ]
        preset = fields["preset"]
        preset.choices = [
            *((name, label) for name, (label, _period) in self.presets.items()),
            (CUSTOM, _("A period of my own")),
        ]
        preset.widget.hints = {
            name: format_lazy("{} – {}", period.start.strftime("%-d %b %Y"), period.last_day.strftime("%-d %b %Y"))
            for name, (_label, period) in self.presets.items()
        }
        preset.initial = "last_quarter"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("preset") == CUSTOM:
            first, last = given.get("first_day"), given.get("last_day")
            for name in ("first_day", "last_day"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("Choose the days of your own period."))
            if first and last and last < first:
                self.add_error("last_day", _("The last day is before the first."))
        return given

    @property
    def period(self) -> Period:
        given = self.cleaned_data
        if given["preset"] == CUSTOM:
            return Period(given["first_day"], given["last_day"] + dt.timedelta(days=1))
        return self.presets[given["preset"]][1]

    @property
    def scope(self) -> Scope:
        kind, _dash, number = self.cleaned_data["subject"].partition("-")
        if kind == "family":
            return Scope(family=ModelFamily.objects.select_related("publisher").get(pk=number))
        return Scope(publisher=Publisher.objects.get(pk=number))
