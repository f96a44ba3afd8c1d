"""Choosing taxonomy entries: one fold for each list, which the browser's own search opens."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.models import Risk, Term


class TermCheckboxes(forms.CheckboxSelectMultiple):
    template_name = "registry/widgets/terms.html"
    # Drawn by its own template and not as one long list.
    input_type = "terms"
    hints: dict[Any, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["hint"] = self.hints.get(getattr(value, "value", value), "")
        return option

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        groups = context["widget"]["optgroups"]
        context["widget"]["open_groups"] = [
            index for _group, options, index in groups if any(option["selected"] for option in options)
        ]
        return context


def choosable(risk: Risk | None) -> QuerySet[Term]:
    """Entries that can be chosen: those of current lists, and what the risk carries already."""
    carried = Risk.terms.through.objects.filter(term=OuterRef("pk"), risk=risk)
    rows = Term.objects.select_related("taxonomy").annotate(chosen=Exists(carried))
    return rows.filter(Q(is_current=True) | Q(chosen=True)).order_by("taxonomy__name", "pk")


def terms_field() -> forms.ModelMultipleChoiceField:
    return forms.ModelMultipleChoiceField(
        label=_("What others call it"),
        queryset=Term.objects.none(),
        required=False,
        widget=TermCheckboxes,
        help_text=_("Entries of published lists, so that registers can be compared. Open a list to choose."),
    )


def offer_terms(form: Any, rows: QuerySet[Term]) -> None:
    """Fill the field ``terms`` of ``form``, grouped by list, with the one query of ``rows``."""
    field = form.fields["terms"]
    field.queryset = rows
    groups: dict[str, list[tuple[Any, str]]] = {}
    field.widget.hints = {}
    for term in rows:
        groups.setdefault(str(term.taxonomy), []).append((term.pk, f"{term.code} {term.name}"))
        field.widget.hints[term.pk] = term.description
    field.choices = list(groups.items())
