from datetime import timedelta

import factory
from django.utils import timezone

from access.models import (
    Acceptance,
    AccessRequest,
    DownloadEvent,
    Grant,
    PhaseTier,
    RequestMessage,
    TermsVersion,
    Tier,
    TierQuestion,
)
from access.models.tiers import terms_digest
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory, PhaseFactory, ReleaseFactory

SUPPORT = "access-help@example.org"


class TierFactory(factory.django.DjangoModelFactory):
    """A tier with its first terms published; ``terms=None`` for one without."""

    class Meta:
        model = Tier
        skip_postgeneration_save = True

    family = factory.SubFactory(ModelFamilyFactory)
    name = factory.Sequence(lambda n: f"Tier {n}")
    description = "For people who study the model and publish what they find."
    support_channel = SUPPORT
    decided_singly = False

    @factory.post_generation
    def terms(self, create, extracted, **kwargs):
        if create and extracted is not False:
            TermsVersionFactory(tier=self)


class TierQuestionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TierQuestion

    tier = factory.SubFactory(TierFactory)
    text = factory.Sequence(lambda n: f"Question {n}?")
    kind = TierQuestion.Kind.LONG


class TermsVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TermsVersion

    tier = factory.SubFactory(TierFactory, terms=False)
    number = 1
    can = ["Study the model"]
    must = ["Tell us what you find"]
    must_not = ["Use it against people"]
    text = "The full text."
    published_at = factory.LazyFunction(timezone.now)
    enforced_from = factory.SelfAttribute("published_at")
    published_by = factory.SubFactory(UserFactory)
    sha256 = factory.LazyAttribute(lambda terms: terms_digest(terms.can, terms.must, terms.must_not, terms.text))


class AccessRequestFactory(factory.django.DjangoModelFactory):
    """A submitted request; ``draft``, ``returned``, ``approved``, ``declined`` for the other stages."""

    class Meta:
        model = AccessRequest

    class Params:
        draft = factory.Trait(stage=AccessRequest.Stage.DRAFT, submitted_at=None, due_at=None)
        returned = factory.Trait(
            stage=AccessRequest.Stage.RETURNED,
            returned_at=factory.LazyFunction(timezone.now),
            returned_copy=factory.LazyFunction(lambda: {"purpose": "Something", "answers": []}),
        )
        decided = factory.Trait(
            decided_at=factory.LazyFunction(timezone.now),
            closed_at=factory.SelfAttribute("decided_at"),
            decided_by=factory.SubFactory(UserFactory),
            decision_reason="It is what the tier is for.",
        )
        approved = factory.Trait(decided=True, stage=AccessRequest.Stage.APPROVED)
        declined = factory.Trait(decided=True, stage=AccessRequest.Stage.DECLINED)

    release = factory.SubFactory(ReleaseFactory, published=True)
    family = factory.SelfAttribute("release.family")
    tier = factory.SubFactory(TierFactory, family=factory.SelfAttribute("..family"))
    requester = factory.SubFactory(UserFactory)
    organisation = factory.SelfAttribute("requester.organisation")
    stage = AccessRequest.Stage.SUBMITTED
    purpose = factory.Sequence(lambda n: f"Measure refusals, part {n}")
    submitted_at = factory.LazyFunction(timezone.now)
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=10))


class RequestMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RequestMessage

    request = factory.SubFactory(AccessRequestFactory)
    author = factory.SubFactory(UserFactory)
    body = "Which data do you use?"


class AcceptanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Acceptance

    user = factory.SubFactory(UserFactory)
    terms = factory.SubFactory(TermsVersionFactory)
    sha256 = factory.SelfAttribute("terms.sha256")
    typed_name = "A Person"
    locale = "en"


class GrantFactory(factory.django.DjangoModelFactory):
    """An active grant whose holder accepted the terms; ``accepted=False`` for one who did not."""

    class Meta:
        model = Grant
        skip_postgeneration_save = True

    request = factory.SubFactory(AccessRequestFactory, approved=True)
    user = factory.SelfAttribute("request.requester")
    tier = factory.SelfAttribute("request.tier")
    release = factory.SelfAttribute("request.release")
    family = factory.SelfAttribute("request.family")
    valid_from = factory.LazyFunction(timezone.now)
    valid_until = factory.LazyFunction(lambda: timezone.now() + timedelta(days=365))

    @factory.post_generation
    def accepted(self, create, extracted, **kwargs):
        if create and extracted is not False:
            for terms in self.tier.terms.all():
                AcceptanceFactory(user=self.user, terms=terms)


class DownloadEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DownloadEvent

    grant = factory.SubFactory(GrantFactory)
    path = "weights.safetensors"
    sha256 = "0" * 64
    size = 11


class PhaseTierFactory(factory.django.DjangoModelFactory):
    """A tier that a planned phase opens; enter the phase afterwards, as the database demands."""

    class Meta:
        model = PhaseTier

    phase = factory.SubFactory(PhaseFactory)
    tier = factory.SubFactory(TierFactory, family=factory.SelfAttribute("..phase.release.family"))
    created_by = factory.SubFactory(UserFactory)
