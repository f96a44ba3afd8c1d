from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import BaseModelForm
from registry.forms.catalogue import VersionedForm, choice
from registry.models import HighRiskUse, ModelFamily, Risk, Safeguard


def short(**rows: int) -> dict[str, forms.Textarea]:
    return {name: forms.Textarea(attrs={"rows": count}) for name, count in rows.items()}


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
        # Closed risks stay where they are linked; nobody has to scroll past all of them.
        risks = Risk.objects.filter(family=family).exclude(stage="closed")
        if self.instance.pk:
            risks = Risk.objects.filter(pk__in=risks.values("pk").union(self.instance.risks.values("pk")))
        choice(self, "risks").queryset = risks.order_by("number").only("pk", "number", "title")
        choice(self, "kind").choices = Safeguard.Kind.choices


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
