"""The fields of a filter, which stand above every list: the same as any other field, drawn without a template.

Nothing on a list costs as much as its filter, of which nine tenths is the same at every request. A filter has no
hints and is never required, so what is left of a field is short enough to be said here.
"""

from typing import Any

from django import template
from django.forms import BoundField, Select
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def filter_field(field: BoundField) -> SafeString:
    """One field of a filter with its label. What was asked for and makes no sense is drawn as in any other form."""
    widget = field.field.widget
    if field.errors or field.help_text or type(widget) is not Select:
        return SafeString(field.as_field_group())
    attrs = flatatt(field.build_widget_attrs({**widget.attrs, "id": field.auto_id}, widget))
    label, name = field.label, field.html_name
    return format_html(
        '<div class="field">\n  <label class="field-label" for="{}">{}</label>\n'
        '  <select name="{}"{}>{}\n</select>\n</div>',
        *(field.auto_id, label, name, attrs, _options(field)),
    )


def _options(field: BoundField) -> SafeString:
    given: Any = field.value()
    choosing: Any = field.field
    return _rows(choosing.choices, "" if given is None else str(given))


def _rows(choices: Any, chosen: str) -> SafeString:
    return format_html_join("", "{}", ((_row(value, label, chosen),) for value, label in choices))


def _row(value: Any, label: Any, chosen: str) -> SafeString:
    if isinstance(label, list | tuple):
        return format_html('\n  <optgroup label="{}">{}\n  </optgroup>', value, _rows(label, chosen))
    selected = _SELECTED if str(value) == chosen else ""
    return format_html('\n  <option value="{}"{}>{}</option>', value, selected, label)


_SELECTED = SafeString(" selected")
