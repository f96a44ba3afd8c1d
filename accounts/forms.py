import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, OrganisationDomain, ReminderPreference, Scope, User
from accounts.roles import Role
from accounts.selectors import person_with
from common import reminders
from common.forms import BaseForm, BaseModelForm


class SignupForm(forms.Form):
    """What allauth's own form is extended with."""

    display_name = forms.CharField(
        label=_("Your name"), max_length=120, help_text=_("Shown to the people who decide your requests.")
    )
    field_order = ["display_name", "email", "password1"]

    def signup(self, request: Any, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


class ProfileForm(BaseModelForm):
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Every time is shown with its zone.")
    )

    class Meta:
        model = User
        fields = ["display_name", "time_zone", "single_key_shortcuts"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].required = True
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["time_zone"].choices = [("", _("UTC"))] + [(name, name) for name in zones]


class ReminderForm(BaseModelForm):
    """How somebody wants to be reminded, and of what."""

    hour = forms.TypedChoiceField(
        label=_("At what hour"), coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)]
    )
    weekday = forms.TypedChoiceField(
        label=_("On which day"),
        coerce=int,
        choices=ReminderPreference.Weekday.choices,
        help_text=_("When it is once a week."),
    )
    kinds = forms.MultipleChoiceField(label=_("Of what"), required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ReminderPreference
        fields = ["frequency", "hour", "weekday"]
        widgets = {"frequency": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(kind.key, kind.label) for kind in reminders.kinds()]
        self.fields["kinds"].choices = known
        self.fields["kinds"].initial = [key for key, _label in known if key not in self.instance.left_out]

    def chosen(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        wanted = set(data.pop("kinds"))
        return data | {"left_out": [kind.key for kind in reminders.kinds() if kind.key not in wanted]}

    def _post_clean(self) -> None:
        """Shape only: rules are the service's."""


class TokenForm(BaseForm):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Where you will use it, such as “evaluation server”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("The token may"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=_("Ends after"),
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (366, _("1 year"))],
        coerce=int,
        initial=90,
    )


class OrganisationForm(BaseModelForm):
    class Meta:
        model = Organisation
        fields = ["name", "slug", "country"]
        help_texts = {"slug": _("Letters, digits and “-”."), "country": _("Two letters, such as BE.")}


class DomainForm(BaseModelForm):
    class Meta:
        model = OrganisationDomain
        fields = ["domain"]
        help_texts = {"domain": _("What comes after the @ in its addresses, such as example.org.")}


class VerificationForm(BaseForm):
    evidence = forms.CharField(
        label=_("How you checked it"),
        max_length=300,
        help_text=_("For example: a DNS record we asked for, a letter, a contract. It is kept on record."),
    )


class HandoverForm(BaseForm):
    """To whom all that somebody answers for goes, and why."""

    to = forms.EmailField(
        label=_("E-mail address of who takes over"),
        required=False,
        help_text=_("Leave empty to give each thing to its deputy, or to a release manager of its model."),
    )
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_to(self) -> User | None:
        email = self.cleaned_data["to"]
        if not email:
            return None
        user = person_with(email)
        if user is None:
            raise forms.ValidationError(_("There is no account with this address."))
        return user


class RoleForm(BaseForm):
    """Who gets which role, for the whole publisher or for one of its families."""

    email = forms.EmailField(
        label=_("E-mail address"), help_text=_("Of an account that exists. Ask the person to sign up first.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    scope = forms.ChoiceField(label=_("For"))

    def __init__(self, *args: Any, scopes: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scopes = scopes
        self.fields["scope"].choices = [(key, str(scope)) for key, scope in scopes.items()]

    def clean_email(self) -> str:
        user = person_with(self.cleaned_data["email"])
        if user is None:
            raise forms.ValidationError(_("There is no account with this address. Ask the person to sign up first."))
        self.user = user
        return user.email

    def chosen(self) -> tuple[User, Role, Any]:
        return self.user, Role(self.cleaned_data["role"]), self.scopes[self.cleaned_data["scope"]]
