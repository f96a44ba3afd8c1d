import factory
from django.utils import timezone

from governance.models import Decision, DecisionEvidence, DecisionOption
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory


class DecisionFactory(factory.django.DjangoModelFactory):
    """A complete draft with a chosen option; ``published=True``, ``superseded=True`` or ``void=True`` for later stages.

    ``risks=[…]`` links risks. Parts are written while it is a draft, as the database demands.
    """

    class Meta:
        model = Decision

    family = factory.SubFactory(ModelFamilyFactory)
    number = factory.Sequence(lambda n: n + 1)
    title = factory.Sequence(lambda n: f"Release at tier {n}")
    context = "A new version is ready and its evaluations are in."
    outcome = "Release it to vetted researchers, because the open question concerns scale only."
    consequences = "Requests have to be decided by a person."
    stops_holding_when = "A public model of the same ability exists."
    decided_by = factory.SubFactory(UserFactory)
    decided_on = factory.LazyFunction(lambda: timezone.now().date())
    created_by = factory.SelfAttribute("decided_by")

    @classmethod
    def _create(
        cls, model, *args, risks=(), published=False, superseded=False, void=False, published_at=None, **kwargs
    ):
        decision = super()._create(model, *args, **kwargs)
        DecisionOption.objects.create(decision=decision, order=1, name="Vetted researchers", chosen=True)
        DecisionOption.objects.create(decision=decision, order=2, name="Everybody", arguments_against="Too early.")
        decision.risks.set(risks)
        if published or superseded or void:
            when = published_at or timezone.now()
            values = {"stage": "published", "published_at": when, "published_by": decision.created_by}
            if superseded:
                values["stage"] = "superseded"
            if void:
                values |= {"stage": "void", "annulled_at": when, "annulment_reason": "A safeguard was replaced."}
            Decision.objects.filter(pk=decision.pk).update(**values)
            decision.refresh_from_db()
        return decision


class DecisionOptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DecisionOption

    decision = factory.SubFactory(DecisionFactory)
    order = 3
    name = "Nobody"


class DecisionEvidenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DecisionEvidence

    decision = factory.SubFactory(DecisionFactory)
    label = "Evaluation"
    url = "https://example.org/evaluation.pdf"
    sha256 = "a" * 64
