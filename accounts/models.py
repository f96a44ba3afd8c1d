from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Upper
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.models import Timestamped


class Organisation(Timestamped):
    """Whom a person works for. Colleagues cannot decide each other's requests."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    country = models.CharField(
        _("country (ISO 3166 code)"),
        max_length=2,
        blank=True,
        validators=[RegexValidator(r"^[A-Za-z]{2}\Z", _("Write the two letters of a country, such as BE."))],
    )

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="organisation_words")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:organisation", args=[self.slug])


class OrganisationDomain(Timestamped):
    """A mail domain of an organisation. Once verified, whoever confirms an address in it is a member."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="domains")
    domain = models.CharField(
        _("domain"),
        max_length=253,
        validators=[RegexValidator(r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", _("Write a domain such as example.org."))],
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    evidence = models.CharField(_("how it was verified"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("domain"),
                condition=models.Q(verified_at__isnull=False),
                name="one_organisation_per_verified_domain",
            )
        ]

    def __str__(self) -> str:
        return self.domain

    def get_absolute_url(self) -> str:
        return reverse("accounts:domain_verification", args=[self.organisation.slug, self.pk])


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in with an e-mail address, or a service account that acts on schedule."""

    email = models.EmailField(_("e-mail address"), unique=True)
    display_name = models.CharField(_("name"), max_length=120, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("organisation")
    )
    is_staff = models.BooleanField(_("may open the support views"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_service = models.BooleanField(_("service account"), default=False)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    single_key_shortcuts = models.BooleanField(_("single-key shortcuts in lists"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="one_account_per_email", violation_error_message=_("This address has an account.")
            )
        ]
        indexes = [
            GinIndex(OpClass(Upper("display_name"), name="gin_trgm_ops"), name="user_name_words"),
            GinIndex(OpClass(Upper("email"), name="gin_trgm_ops"), name="user_email_words"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


def display_name(user: User) -> str:
    return str(user)


class Membership(models.Model):
    """Somebody came to an organisation. Leaving it changes nothing here: who was a colleague is not impartial.

    A trigger of the database writes it whenever a person's organisation changes; UPDATE, DELETE and TRUNCATE
    are refused.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.user} since {self.since:%d %b %Y}: {self.organisation}"


class Scope(models.TextChoices):
    READ = "read", _("Read what you may read")
    WRITE = "write", _("Change what you may change")
    DOWNLOAD = "download", _("Download model files you have access to")


class ApiToken(models.Model):
    """A person's key for programs: only its hash is stored, it ends by itself, and it does no more than its scopes."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("may"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("ends"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="token_ends_after_it_began"
            ),
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="token_has_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class ReminderPreference(models.Model):
    """How somebody wants to be reminded of what waits for them. Without one, daily at seven."""

    class Frequency(models.TextChoices):
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Once a week")
        NEVER = "never", _("Not by mail")

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    user = models.OneToOneField(User, models.CASCADE, related_name="reminder_preference", editable=False)
    frequency = models.CharField(_("how often"), max_length=8, choices=Frequency.choices, default=Frequency.DAILY)
    hour = models.PositiveSmallIntegerField(_("at what hour"), default=7)
    weekday = models.PositiveSmallIntegerField(
        _("on which day"), choices=Weekday.choices, default=Weekday.MONDAY, help_text=_("When it is once a week.")
    )
    # Kinds they do not want, so that a kind that comes later is not missed.
    left_out = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(frequency__in=["daily", "weekly", "never"]), name="reminder_frequency_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(hour__lte=23, weekday__lte=6), name="reminder_hour_and_day_are_some"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.frequency}"


class ReminderDigest(models.Model):
    """What one person is reminded of on one day of theirs, written down before the mail goes out.

    There is one a person and day, so nobody gets two; what it says stays as it was written, so one that is sent
    again after a worker died is the same mail with the same Message-ID.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="reminder_digests")
    day = models.DateField(_("day"))
    # By kind: its label, and of each thing the label, the address, the date and why it comes to this person.
    content = models.JSONField(default=list)
    item_count = models.PositiveIntegerField(_("things"), default=0)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_digest_a_person_and_day")]
        indexes = [
            models.Index(
                fields=["day"],
                name="digest_unsent",
                condition=models.Q(sent_at__isnull=True, item_count__gt=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}, {self.day}"
