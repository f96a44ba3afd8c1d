import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.forms import BaseModelForm
from registry.forms.catalogue import VersionedForm, choice
from registry.models import HighRiskUse, ModelFamily, Risk, Safeguard


def short(**rows: int) -> dict[str, forms.Textarea]:
    return {name: forms.Textarea(attrs={"rows": count}) for name, count in rows.items()}


# More risks than these are named by number instead of ticked.
RISKS_TICKED = 60


class RiskNumbersField(forms.CharField):
    """Risks of one family by their references: “R-3, R-12”. Cleans to the risks."""

    def __init__(self, *, family: ModelFamily) -> None:
        super().__init__(
            label=_("Risks it answers"),
            required=False,
            help_text=_("Their numbers with commas between them: R-3, R-12."),
        )
        self.family = family

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(risk.reference for risk in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[Risk]:
        words = [word.strip() for word in (super().to_python(value) or "").split(",") if word.strip()]
        wrong = [word for word in words if not re.fullmatch(r"[Rr]-[1-9][0-9]{0,8}", word)]
        numbers = {int(word[2:]): word for word in words if word not in wrong}
        found = list(Risk.objects.filter(family=self.family, number__in=numbers).order_by("number"))
        wrong += [word for number, word in numbers.items() if number not in {risk.number for risk in found}]
        if wrong:
            raise ValidationError(_now("No risk of this model family: %s.") % ", ".join(wrong))
        return found


class SafeguardForm(VersionedForm, BaseModelForm):
    class Meta:
        model = Safeguard
        fields = [
            *("kind", "title", "how_it_works", "why_chosen", "alternatives", "risks", "decision"),
            *("evidence", "evidence_url", "is_public"),
        ]
        widgets = {
            "risks": forms.CheckboxSelectMultiple,
            **short(how_it_works=4, why_chosen=4, alternatives=3, evidence=3),
        }
        help_texts = {
            "title": _("In a few words, such as “Filter on what the model writes”."),
            "why_chosen": _("Why this and not something else. Needed before it counts as in place."),
            "alternatives": _("What you did not choose, and why not."),
            "decision": _("Its reference in the decision log, such as D-12."),
            "evidence": _("What shows that it works, and how well."),
            "is_public": _("The public page names it, with the reasons and the risks that are shown there."),
        }

    def __init__(self, *args: Any, family: ModelFamily, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["row_version"]
        choice(self, "kind").choices = Safeguard.Kind.choices
        # Closed risks stay where they are linked; nobody has to scroll past all of them.
        risks = Risk.objects.filter(family=family).exclude(stage="closed")
        if self.instance.pk:
            risks = Risk.objects.filter(pk__in=risks.values("pk").union(self.instance.risks.values("pk")))
        if risks.count() > RISKS_TICKED:
            self.fields["risks"] = RiskNumbersField(family=family)
        else:
            choice(self, "risks").queryset = risks.order_by("number").only("pk", "number", "title")


class HighRiskUseForm(VersionedForm, BaseModelForm):
    class Meta:
        model = HighRiskUse
        fields = ["title", "affected", "why", "source", "source_url", "severity", "safeguards"]
        widgets = {"safeguards": forms.CheckboxSelectMultiple, **short(affected=2, why=4)}
        help_texts = {
            "title": _("What somebody would use the model for, such as “Ranking job applicants”."),
            "affected": _("The people about whom it decides or who meet its output."),
            "source": _("Such as “Regulation (EU) 2024/1689, Annex III, point 4(a)”."),
            "safeguards": _("Without one, this page and the public one say that nothing answers this use."),
        }

    def __init__(self, *args: Any, family: ModelFamily, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["row_version"]
        choice(self, "safeguards").queryset = Safeguard.objects.filter(family=family).active().order_by("pk")
