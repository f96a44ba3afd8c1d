"""How forms are drawn: label, hint, error, control, and one summary."""

import re

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from common.forms import BaseForm, CheckboxCards, ManyUploadsField, RadioCards, UploadField
from common.lifecycle import Refused


class Form(BaseForm):
    kind = forms.ChoiceField(
        label="Kind",
        help_text="Pick one.",
        choices=[("a", "First"), ("b", "Second")],
        widget=RadioCards(hints={"b": "More of it"}),
    )
    story = forms.CharField(label="Story", help_text="In your words.", widget=forms.Textarea, max_length=4000)
    link = forms.URLField(label="Link", required=False)
    who = forms.MultipleChoiceField(
        label="Who", required=False, choices=[("Group", [("x", "Ex")]), ("y", "Why")], widget=CheckboxCards
    )
    file = UploadField(label="File", required=False, max_bytes=1000, kinds={".pdf": "PDF", ".png": "PNG"})
    agree = forms.BooleanField(label="I agree")


def test_hint_and_error_stand_before_the_control():
    html = str(Form({}))
    story = html[html.index('for="id_story"') :]
    order = [
        story.index(part)
        for part in ('id="id_story_helptext"', 'id="id_story_error"', "<textarea", 'id="id_story_count"')
    ]
    assert order == sorted(order)


@pytest.mark.parametrize("data", [None, {}])
def test_every_description_points_to_something(data):
    html = str(Form(data))
    there = set(re.findall(r'\sid="([^"]+)"', html))
    for attribute in ("aria-describedby", "for", "aria-labelledby"):
        for value in re.findall(rf'{attribute}="([^"]*)"', html):
            assert set(value.split()) <= there, (attribute, value)


def test_ids_are_unique():
    ids = re.findall(r'\sid="([^"]+)"', str(Form({})))
    assert len(ids) == len(set(ids))


def test_summary_lists_every_error_with_a_link_to_its_control():
    form = Form({"kind": "a"})
    form.add_error(None, "The release was withdrawn.")
    html = str(form)
    assert html.count("data-error-summary") == 1
    assert '<a href="#id_story">' in html
    assert '<a href="#id_agree">' in html
    assert "<strong>The release was withdrawn.</strong>" in html


def test_summary_of_a_radio_field_leads_to_its_first_option():
    assert '<a href="#id_kind_0">' in str(Form({}))


def test_summary_names_the_field_that_is_missing():
    html = str(Form({"kind": "a", "agree": "on"}))
    assert '<a href="#id_story">“Story” needs an answer.</a>' in html


def test_summary_drawn_above_is_not_drawn_again():
    from django.template import engines

    page = engines["django"].from_string("{% cotton error-summary :form='form' / %}<hr>{{ form }}")
    html = page.render({"form": Form({})})
    assert html.count("data-error-summary") == 1
    assert html.index("data-error-summary") < html.index("<hr>")


def test_errors_are_spoken_as_errors():
    html = str(Form({}))
    assert '<span class="visually-hidden">Error:</span> This field is required.' in html
    assert 'aria-invalid="true"' in html


def test_optional_fields_say_so_and_required_ones_do_not():
    html = str(Form())
    assert html.count("(optional)") == 3
    assert " required" not in html


def test_choices_carry_their_hints_and_groups():
    html = str(Form())
    assert '<span class="choice-hint">More of it</span>' in html
    assert '<p class="choice-group">Group</p>' in html


def test_label_text_is_escaped():
    class Wild(BaseForm):
        name = forms.ChoiceField(label="<i>Name</i>", choices=[("a", "<b>a</b>")], widget=forms.RadioSelect)

    html = str(Wild())
    assert "<i>" not in html
    assert "<b>" not in html


def test_refusal_lands_on_its_field_or_on_top():
    form = Form({"story": "x"})
    form.add_refusal(Refused("Too late.", "It is closed."))
    form.add_refusal(Refused("Say more.", field="story"))
    assert form.non_field_errors() == ["Too late.", "It is closed."]
    assert form.errors["story"] == ["Say more."]


def test_upload_says_its_limits_and_keeps_them():
    assert "PDF or PNG, up to 1 kB." in str(Form())
    good = SimpleUploadedFile("a.PDF", b"x" * 1000)
    assert "file" not in Form({}, {"file": good}).errors
    assert Form({}, {"file": SimpleUploadedFile("a.pdf", b"x" * 1001)}).errors["file"] == [
        "a.pdf is larger than 1 kB. Choose a smaller file."
    ]
    assert Form({}, {"file": SimpleUploadedFile("a.exe", b"x")}).errors["file"] == ["a.exe is not one of: PDF or PNG."]


def test_many_uploads_are_each_held_to_the_limits():
    field = ManyUploadsField(max_bytes=10, max_files=2, required=False)
    one, two, three = (SimpleUploadedFile(f"{n}.txt", b"x") for n in range(3))
    assert field.clean([one, two]) == [one, two]
    assert field.clean([]) == []
    with pytest.raises(forms.ValidationError, match="at most 2"):
        field.clean([one, two, three])
    with pytest.raises(forms.ValidationError, match="larger"):
        field.clean([one, SimpleUploadedFile("big.txt", b"x" * 11)])


def test_fields_of_other_packages_lose_their_placeholder():
    class Foreign(forms.Form):
        email = forms.EmailField(widget=forms.EmailInput({"placeholder": "Email address"}))

    assert "placeholder" not in str(Foreign())
