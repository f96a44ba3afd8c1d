"""What somebody outside wrote about a model that worries them."""

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from registry.models.risks import Risk


class PublicConcernQuerySet(models.QuerySet["PublicConcern"]):
    def visible_to(self, user: Any) -> "PublicConcernQuerySet":
        """For people with a role for the model; nobody else reads what was written."""
        held = scopes(user)
        if held.everywhere:
            return self
        return self.filter(
            models.Q(risk__family__publisher_id__in=held.publisher_ids())
            | models.Q(risk__family_id__in=held.family_ids())
        )


def this_hour() -> dt.datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


class PublicConcern(models.Model):
    """A concern as it came, beside the stub that it became. No address of the network is kept."""

    risk = models.OneToOneField(Risk, models.PROTECT, related_name="concern")
    text = models.TextField(_("in their own words"), blank=True)
    # Sealed: unreadable in a copy of the database. Emptied once the stub is closed.
    contact_sealed = models.BinaryField(default=b"", editable=False)
    # SHA-256 of the random number of the form, so that sending it twice is one concern.
    submission = models.CharField(max_length=64, unique=True, editable=False)
    # As coarse as it can be without the age of the stub becoming a guess.
    received_at = models.DateTimeField(_("received"), default=this_hour, editable=False)

    objects = PublicConcernQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.risk)

    @property
    def has_contact(self) -> bool:
        return bool(self.contact_sealed)
