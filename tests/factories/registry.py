import hashlib
from datetime import timedelta
from decimal import Decimal

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from registry.models import (
    Artifact,
    AssessmentProposal,
    BandRule,
    BreachRemedy,
    BulkChange,
    CapabilityStatus,
    CompliantWorkflow,
    EntryCriterion,
    HighRiskUse,
    ImportRow,
    Mitigation,
    MitigationMeasurement,
    ModelCard,
    ModelFamily,
    Objective,
    ObjectiveMeasurement,
    Phase,
    PublicConcern,
    Publisher,
    Question,
    QuestionSet,
    RecommendedConfiguration,
    Release,
    ReleaseParent,
    ReleaseReview,
    RequiredReview,
    ReviewAnswers,
    ReviewFinding,
    ReviewRound,
    Risk,
    RiskAcceptance,
    RiskAssessment,
    RiskImport,
    RiskKey,
    RiskReview,
    RiskScale,
    RoundItem,
    RuleKind,
    RuleOverride,
    Safeguard,
    Taxonomy,
    Term,
    TrainingDataset,
    UsageGuidelines,
    UsageRule,
    UsageScenario,
)
from registry.scale import Likelihood, Severity, first_grid
from registry.services.scales import start_scale
from tests.factories.accounts import UserFactory

CARD = "---\nlicense: apache-2.0\n---\n# A model\n\nWhat it is for.\n"


class PublisherFactory(factory.django.DjangoModelFactory):
    """With the scale that every publisher begins with."""

    class Meta:
        model = Publisher
        skip_postgeneration_save = True

    @factory.post_generation
    def scale(self, create, extracted, **kwargs):
        if create:
            start_scale(self)

    slug = factory.Sequence(lambda n: f"publisher-{n}")
    name = factory.Sequence(lambda n: f"Publisher {n}")


class ModelFamilyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelFamily

    publisher = factory.SubFactory(PublisherFactory)
    slug = factory.Sequence(lambda n: f"model-{n}")
    name = factory.Sequence(lambda n: f"Model {n}")
    summary = "A small language model for tests."


class ReleaseFactory(factory.django.DjangoModelFactory):
    """A draft; ``published=True`` or ``withdrawn=True`` for the other stages."""

    class Meta:
        model = Release

    class Params:
        published = factory.Trait(
            stage=Release.Stage.PUBLISHED,
            revision=factory.Sequence(lambda n: f"{n:040x}"),
            published_at=factory.LazyFunction(timezone.now),
        )
        withdrawn = factory.Trait(
            published=True,
            stage=Release.Stage.WITHDRAWN,
            withdrawn_at=factory.LazyFunction(timezone.now),
            withdrawal_reason="A safeguard did not hold.",
        )

    family = factory.SubFactory(ModelFamilyFactory)
    version = factory.Sequence(lambda n: f"1.{n}")
    licence = "Apache-2.0"
    created_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, card="", files=None, **fields):
        """Made as a draft, given its ``card`` (source) and ``files`` (path → bytes), then moved on: as in
        life, and as the database demands of a release that is to be public."""
        names = ("stage", "revision", "published_at", "withdrawn_at", "withdrawal_reason")
        later = {name: fields.pop(name) for name in names if name in fields}
        release = super()._create(model_class, *args, **fields)
        if card:
            ModelCardFactory(release=release, source=card, created_by=release.created_by)
        for path, content in (files or {}).items():
            ArtifactFactory(release=release, path=path, content=content, created_by=release.created_by)
        if later:
            Release.objects.filter(pk=release.pk).update(**later)
            for name, value in later.items():
                setattr(release, name, value)
        return release


class ModelCardFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ModelCard

    release = factory.SubFactory(ReleaseFactory)
    number = 1
    source = CARD
    body = "# A model\n\nWhat it is for.\n"
    metadata = factory.LazyFunction(lambda: {"license": "apache-2.0"})
    sha256 = factory.LazyAttribute(lambda card: hashlib.sha256(card.source.encode()).hexdigest())
    created_by = factory.SubFactory(UserFactory)


class ArtifactFactory(factory.django.DjangoModelFactory):
    """A stored file with ``content``; its size and digest are those of the content."""

    class Meta:
        model = Artifact

    class Params:
        content = b"the weights"

    release = factory.SubFactory(ReleaseFactory)
    path = factory.Sequence(lambda n: f"weights-{n}.safetensors")
    size = factory.LazyAttribute(lambda artifact: len(artifact.content))
    sha256 = factory.LazyAttribute(lambda artifact: hashlib.sha256(artifact.content).hexdigest())
    file = factory.LazyAttribute(lambda artifact: ContentFile(artifact.content, name="artifact"))
    created_by = factory.SubFactory(UserFactory)


class ObjectiveFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Objective

    family = factory.SubFactory(ModelFamilyFactory)
    title = factory.Sequence(lambda n: f"Objective {n}")


class RiskFactory(factory.django.DjangoModelFactory):
    """A draft without owner; ``opened=True`` for an owned and assessed one."""

    class Meta:
        model = Risk

    class Params:
        opened = factory.Trait(
            stage=Risk.Stage.OPEN,
            owner=factory.SubFactory(UserFactory),
            inherent_likelihood=4,
            inherent_severity=4,
            residual_likelihood=2,
            residual_severity=4,
            opened_at=factory.LazyFunction(timezone.now),
        )

    family = factory.SubFactory(ModelFamilyFactory)
    number = factory.Sequence(lambda n: n + 1)
    title = factory.Sequence(lambda n: f"Risk {n}")
    harm = "Somebody is misled."
    scale = factory.LazyAttribute(
        lambda risk: RiskScale.objects.in_force().get(publisher=risk.family.publisher_id) if risk.family.pk else None
    )


class RiskScaleFactory(factory.django.DjangoModelFactory):
    """A draft of a later version, like the first."""

    class Meta:
        model = RiskScale

    publisher = factory.SubFactory(PublisherFactory)
    number = factory.Sequence(lambda n: n + 2)
    likelihoods = factory.LazyFunction(lambda: [str(label) for label in Likelihood.labels])
    severities = factory.LazyFunction(lambda: [str(label) for label in Severity.labels])
    grid = factory.LazyFunction(first_grid)


class BandRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BandRule

    scale = factory.SubFactory(RiskScaleFactory)
    band = "high"
    review_days = 90
    acceptance_days = 180


class TaxonomyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Taxonomy

    slug = factory.Sequence(lambda n: f"taxonomy-{n}")
    name = factory.Sequence(lambda n: f"Taxonomy {n}")
    kind = Taxonomy.Kind.RISK


class TermFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Term

    taxonomy = factory.SubFactory(TaxonomyFactory)
    code = factory.Sequence(lambda n: f"T{n}")
    name = factory.Sequence(lambda n: f"Term {n}")


class RiskAcceptanceFactory(factory.django.DjangoModelFactory):
    """In force: it has the digest of the risk as it stands."""

    class Meta:
        model = RiskAcceptance

    risk = factory.SubFactory("tests.factories.registry.RiskFactory", opened=True)
    reason = "The benefit for research outweighs it."
    band = "moderate"
    digest = factory.LazyAttribute(lambda row: Risk.objects.values_list("digest", flat=True).get(pk=row.risk.pk))
    accepted_by = factory.SubFactory(UserFactory)
    ends_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=30))


class AssessmentProposalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AssessmentProposal

    risk = factory.SubFactory("tests.factories.registry.RiskFactory", opened=True)
    digest = factory.LazyAttribute(lambda row: Risk.objects.values_list("digest", flat=True).get(pk=row.risk.pk))
    kind = "residual"
    likelihood = 1
    severity = 2
    rationale = "Measured again."
    proposed_by = factory.SubFactory(UserFactory)


class RiskAssessmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RiskAssessment

    risk = factory.SubFactory(RiskFactory)
    scale = factory.LazyAttribute(lambda assessment: assessment.risk.scale)
    kind = RiskAssessment.Kind.INHERENT
    likelihood = 4
    severity = 4
    rationale = "Seen in tests."
    assessed_by = factory.SubFactory(UserFactory)


class MitigationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Mitigation
        skip_postgeneration_save = True

    family = factory.SubFactory(ModelFamilyFactory)
    title = factory.Sequence(lambda n: f"Mitigation {n}")
    owner = factory.SubFactory(UserFactory)
    due_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=30))

    @factory.post_generation
    def risks(self, create, extracted, **kwargs):
        if create and extracted:
            self.risks.set(extracted)


class MitigationMeasurementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MitigationMeasurement

    mitigation = factory.SubFactory(MitigationFactory, stage="done")
    measured = "Jailbreaks stopped"
    result = "97 of 100"
    effect = "works"
    measured_on = factory.LazyFunction(timezone.localdate)
    recorded_by = factory.SelfAttribute("mitigation.owner")


class UsageGuidelinesFactory(factory.django.DjangoModelFactory):
    """A draft; ``published=True`` for one that holds. Parts are given as ``rules=[…]`` and so on, a dict each."""

    class Meta:
        model = UsageGuidelines

    class Params:
        published = factory.Trait(
            stage=UsageGuidelines.Stage.PUBLISHED, published_at=factory.LazyFunction(timezone.now)
        )

    family = factory.SubFactory(ModelFamilyFactory)
    number = factory.Sequence(lambda n: n + 1)
    reporting = "Write to the contact of this model."
    created_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, parts=None, **fields):
        """Made as a draft, given its ``parts`` (name → list of dicts), then moved on, as the database demands."""
        later = {name: fields.pop(name) for name in ("stage", "published_at") if name in fields}
        guidelines = super()._create(model_class, *args, **fields)
        for name, rows in (parts or {}).items():
            for row in rows:
                PART_FACTORIES[name](guidelines=guidelines, **row)
        if later:
            later["published_by"] = guidelines.created_by
            UsageGuidelines.objects.filter(pk=guidelines.pk).update(**later)
            guidelines.refresh_from_db()
        return guidelines


class PartFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    guidelines = factory.SubFactory(UsageGuidelinesFactory)
    key = factory.Sequence(lambda n: f"part-{n}")
    position = factory.Sequence(lambda n: n + 1)


class UsageRuleFactory(PartFactory):
    class Meta:
        model = UsageRule

    kind = RuleKind.PROHIBITED
    title = factory.Sequence(lambda n: f"Imitate a real person, case {n}")


class UsageScenarioFactory(PartFactory):
    class Meta:
        model = UsageScenario

    title = factory.Sequence(lambda n: f"Scenario {n}")
    situation = "Somebody drafts letters with the model and reads each before it is sent."
    verdict = "allowed"
    why = "A person reads the result."


class RuleOverrideFactory(PartFactory):
    """Adds a sentence to ``rule`` in the European Union."""

    class Meta:
        model = RuleOverride

    effect = "add"
    rule = factory.SubFactory(UsageRuleFactory, guidelines=factory.SelfAttribute("..guidelines"))
    region = "EU"
    text = "Tell people that a machine wrote it."
    source_title = "Regulation (EU) 2024/1689"
    source_citation = "Article 50"


class RecommendedConfigurationFactory(PartFactory):
    class Meta:
        model = RecommendedConfiguration

    title = factory.Sequence(lambda n: f"Configuration {n}")
    settings = "temperature = 0.2"


class CompliantWorkflowFactory(PartFactory):
    class Meta:
        model = CompliantWorkflow

    title = factory.Sequence(lambda n: f"Workflow {n}")
    steps = factory.LazyFunction(lambda: ["Draft with the model.", "Read the draft.", "Send it."])


class BreachRemedyFactory(PartFactory):
    class Meta:
        model = BreachRemedy

    title = factory.Sequence(lambda n: f"Breach {n}")
    follows = "Access is suspended while we look into it."
    decided_by = "The incident handler"


PART_FACTORIES = {
    "rules": UsageRuleFactory,
    "scenarios": UsageScenarioFactory,
    "overrides": RuleOverrideFactory,
    "configurations": RecommendedConfigurationFactory,
    "workflows": CompliantWorkflowFactory,
    "remedies": BreachRemedyFactory,
}


class ReleaseParentFactory(factory.django.DjangoModelFactory):
    """An edge to a model elsewhere; ``parent=…`` for one to a release here."""

    class Meta:
        model = ReleaseParent

    release = factory.SubFactory(ReleaseFactory)
    parent = None
    parent_name = factory.Maybe("parent", "", factory.Sequence(lambda n: f"elsewhere/base-{n}"))
    created_by = factory.SubFactory(UserFactory)


class CapabilityStatusFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CapabilityStatus

    release = factory.SubFactory(ReleaseFactory)
    capability = factory.Sequence(lambda n: f"Capability {n}")
    status = CapabilityStatus.Status.EVALUATED
    evidence = "Measured in tests."
    noted_by = factory.SubFactory(UserFactory)


class PhaseFactory(factory.django.DjangoModelFactory):
    """A planned phase; ``entered=True`` or ``left=True`` for one that came, ``dropped=True`` for one that will not."""

    class Meta:
        model = Phase

    class Params:
        entered = factory.Trait(
            stage=Phase.Stage.ENTERED,
            entered_at=factory.LazyFunction(timezone.now),
            decider=factory.SubFactory(UserFactory),
            entered_by=factory.SelfAttribute("decider"),
        )
        left = factory.Trait(entered=True, stage=Phase.Stage.LEFT, left_at=factory.LazyFunction(timezone.now))
        dropped = factory.Trait(stage=Phase.Stage.DROPPED)

    release = factory.SubFactory(ReleaseFactory)
    number = factory.Sequence(lambda n: n + 1)
    kind = Phase.Kind.GATED


class EntryCriterionFactory(factory.django.DjangoModelFactory):
    """A required criterion that is not met; ``met=True`` for one that is."""

    class Meta:
        model = EntryCriterion

    class Params:
        met = factory.Trait(
            met_at=factory.LazyFunction(timezone.now),
            met_by=factory.SubFactory(UserFactory),
            evidence="Seen in tests.",
        )

    phase = factory.SubFactory(PhaseFactory)
    text = factory.Sequence(lambda n: f"Criterion {n}")


class ObjectiveMeasurementFactory(factory.django.DjangoModelFactory):
    """A measurement of a measurable objective; it was made for what the objective asks for now."""

    class Meta:
        model = ObjectiveMeasurement

    objective = factory.SubFactory(
        ObjectiveFactory, metric="Refusal rate", comparator="at_least", threshold=Decimal("0.9"), unit=""
    )
    metric = factory.SelfAttribute("objective.metric")
    unit = factory.SelfAttribute("objective.unit")
    data_set = factory.SelfAttribute("objective.data_set")
    population = factory.SelfAttribute("objective.population")
    value = Decimal("0.92")
    measured_at = factory.LazyFunction(timezone.now)
    source = "Run 12 of the evaluation."
    recorded_by = factory.SubFactory(UserFactory)


class SafeguardFactory(factory.django.DjangoModelFactory):
    """A planned safeguard; ``in_place=True`` or ``retired=True`` for the other stages, ``risks=[…]`` links risks."""

    class Meta:
        model = Safeguard
        skip_postgeneration_save = True

    class Params:
        in_place = factory.Trait(
            stage=Safeguard.Stage.IN_PLACE,
            how_it_works="A classifier reads what the model writes.",
            why_chosen="It holds whatever the prompt was.",
            in_place_at=factory.LazyFunction(timezone.now),
        )
        retired = factory.Trait(
            stage=Safeguard.Stage.RETIRED,
            retired_at=factory.LazyFunction(timezone.now),
            retirement_reason="It let too much through.",
        )

    family = factory.SubFactory(ModelFamilyFactory)
    kind = Safeguard.Kind.CONTENT_FILTER
    title = factory.Sequence(lambda n: f"Safeguard {n}")

    @factory.post_generation
    def risks(self, create, extracted, **kwargs):
        if create and extracted:
            self.risks.set(extracted)


class HighRiskUseFactory(factory.django.DjangoModelFactory):
    """``safeguards=[…]`` links those that answer it."""

    class Meta:
        model = HighRiskUse
        skip_postgeneration_save = True

    family = factory.SubFactory(ModelFamilyFactory)
    title = factory.Sequence(lambda n: f"Use {n}")
    why = "It decides about people."

    @factory.post_generation
    def safeguards(self, create, extracted, **kwargs):
        if create and extracted:
            self.safeguards.set(extracted)


class TrainingDatasetFactory(factory.django.DjangoModelFactory):
    """``releases=[…]`` links the releases that were trained on it."""

    class Meta:
        model = TrainingDataset
        skip_postgeneration_save = True

    family = factory.SubFactory(ModelFamilyFactory)
    name = factory.Sequence(lambda n: f"Data set {n}")
    kind = TrainingDataset.Kind.PUBLIC

    @factory.post_generation
    def releases(self, create, extracted, **kwargs):
        if create and extracted:
            self.releases.set(extracted)


class QuestionSetFactory(factory.django.DjangoModelFactory):
    """In use, with ``questions`` (a dict each); ``draft=True`` for one that is not in use yet."""

    class Meta:
        model = QuestionSet

    publisher = factory.SubFactory(PublisherFactory)
    slug = factory.Sequence(lambda n: f"set-{n}")
    number = 1
    title = factory.Sequence(lambda n: f"Question set {n}")
    digest = factory.Sequence(lambda n: f"{n:064x}")

    @classmethod
    def _create(cls, model_class, *args, questions=None, draft=False, **fields):
        """Made as a draft, given its questions, then put into use, as the database demands."""
        made = super()._create(model_class, *args, **fields)
        default = {"key": "tested", "text": "Was it tested?", "raises_when": ["no"], "risk_title": "Nobody tested it"}
        for position, row in enumerate(questions or [default], 1):
            QuestionFactory(question_set=made, position=position, **row)
        if not draft:
            QuestionSet.objects.filter(pk=made.pk).update(stage="published", published_at=timezone.now())
            made.refresh_from_db()
        return made


class QuestionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Question

    question_set = factory.SubFactory(QuestionSetFactory, draft=True, questions=[{"key": "first", "text": "First?"}])
    key = factory.Sequence(lambda n: f"question-{n}")
    position = factory.Sequence(lambda n: n + 2)
    text = factory.Sequence(lambda n: f"Question {n}?")
    kind = "yes_partly_no"


class RequiredReviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RequiredReview

    publisher = factory.SubFactory(PublisherFactory)
    slug = "privacy"


class ReleaseReviewFactory(factory.django.DjangoModelFactory):
    """Being answered; ``answers={"key": "yes"}`` saves a first version, ``outcome="pass"`` submits it."""

    class Meta:
        model = ReleaseReview

    release = factory.SubFactory(ReleaseFactory)
    question_set = factory.LazyAttribute(lambda row: QuestionSetFactory(publisher=row.release.family.publisher))
    started_by = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class, *args, answers=None, outcome="", **fields):
        review = super()._create(model_class, *args, **fields)
        if answers or outcome:
            given = {key: {"value": value, "note": ""} for key, value in (answers or {"tested": "yes"}).items()}
            ReviewAnswersFactory(review=review, answers=given, saved_by=review.started_by)
        if outcome:
            ReleaseReview.objects.filter(pk=review.pk).update(
                stage="submitted",
                outcome=outcome,
                reason="Seen in tests.",
                conditions="Test again." if outcome == "conditions" else "",
                submitted_by=review.started_by,
                submitted_at=timezone.now(),
                next_due_on=timezone.localdate() + timedelta(days=365),
            )
            review.refresh_from_db()
        return review


class ReviewAnswersFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewAnswers

    review = factory.SubFactory(ReleaseReviewFactory)
    number = factory.Sequence(lambda n: n + 1)
    saved_by = factory.SubFactory(UserFactory)


class ReviewFindingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewFinding

    review = factory.SubFactory(ReleaseReviewFactory)
    key = "tested"
    ruled_out = "It was tested elsewhere."


class ReviewRoundFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewRound
        skip_postgeneration_save = True

    publisher = factory.SubFactory(PublisherFactory)
    title = factory.Sequence(lambda n: f"Round {n}")
    due_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=30))
    started_by = factory.SubFactory(UserFactory)

    @factory.post_generation
    def risks(self, create, extracted, **kwargs):
        for risk in extracted or ():
            RoundItemFactory(round=self, risk=risk)


class RoundItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RoundItem

    round = factory.SubFactory(ReviewRoundFactory)
    risk = factory.SubFactory(RiskFactory, opened=True)
    since = factory.LazyFunction(lambda: timezone.now() - timedelta(days=90))


class RiskReviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RiskReview

    risk = factory.SubFactory(RiskFactory, opened=True)
    verdict = RiskReview.Verdict.RIGHT
    reviewed_by = factory.SubFactory(UserFactory)


class PublicConcernFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PublicConcern

    risk = factory.SubFactory(RiskFactory, stage="stub", harm="", origin="public", is_public=False)
    text = "I read about it."
    submission = factory.Sequence(lambda n: f"{n:064x}")


class RiskImportFactory(factory.django.DjangoModelFactory):
    """Just brought; ``checked=True`` once a worker has looked at it."""

    class Meta:
        model = RiskImport

    class Params:
        checked = factory.Trait(
            stage="checked",
            checked_at=factory.LazyFunction(timezone.now),
            scale=factory.LazyAttribute(lambda row: RiskScale.objects.in_force().get(publisher=row.publisher.pk)),
        )

    publisher = factory.SubFactory(PublisherFactory)
    name = "risks.csv"
    format = "csv"
    size = 100
    sha256 = "0" * 64
    uploaded_by = factory.SubFactory(UserFactory)


class ImportRowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportRow

    risk_import = factory.SubFactory(RiskImportFactory)
    number = factory.Sequence(lambda n: n + 2)
    outcome = "refused"
    title = "Phishing text"
    given = factory.LazyFunction(lambda: {"title": "Phishing text"})
    problems = factory.LazyFunction(lambda: [["harm", "Say what the harm is."]])


class RiskKeyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RiskKey

    risk = factory.SubFactory(RiskFactory)
    family = factory.SelfAttribute("risk.family")
    key = factory.Sequence(lambda n: f"GRC-{n}")


class BulkChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BulkChange

    action = "review"
    requested_by = factory.SubFactory(UserFactory)
    risks = factory.LazyFunction(list)
    finished_at = factory.LazyFunction(timezone.now)
