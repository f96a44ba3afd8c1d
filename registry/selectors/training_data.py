"""What a model family was trained on, as its public page sets it out."""

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.models import ModelFamily, Release, TrainingDataset
from registry.selectors.embed import embedded, revived

RELEASES_SHOWN = 50
Kind = TrainingDataset.Kind


def with_releases(datasets: QuerySet[TrainingDataset], user: Any) -> QuerySet[TrainingDataset]:
    """``datasets`` with those of their releases that ``user`` may know of; see ``releases_of``."""
    known = Release.objects.visible_to(user).filter(training_datasets=OuterRef("pk")).order_by("pk")
    return datasets.annotate(release_rows=embedded(known[:RELEASES_SHOWN], "id", "version", "stage"))


def releases_of(dataset: Any) -> list[Release]:
    """The releases of a data set from ``with_releases``."""
    return revived(Release, dataset.release_rows)


@dataclass(frozen=True)
class Source:
    """One heading of the list of sources and the data sets below it."""

    number: str
    label: Any
    datasets: list[TrainingDataset]


# The order of the list of sources in the template for the public summary of training content that Article
# 53(1)(d) of Regulation (EU) 2024/1689 asks for (Commission, C(2025) 8311); the words are ours.
SOURCES = (
    ("2.1", _("Publicly available data sets"), Kind.PUBLIC),
    ("2.2.1", _("Private data licensed from rights holders"), Kind.LICENSED),
    ("2.2.2", _("Private data from other third parties"), Kind.THIRD_PARTY),
    ("2.3", _("Data crawled from websites"), Kind.CRAWLED),
    ("2.4", _("Data from users"), Kind.USERS),
    ("2.5", _("Synthetic data"), Kind.SYNTHETIC),
    ("2.6", _("Other sources"), Kind.OTHER),
)


@dataclass(frozen=True)
class Disclosure:
    """The training data of a family as its public page sets it out."""

    family: ModelFamily
    releases: list[Release]
    datasets: list[TrainingDataset]

    @property
    def sources(self) -> list[Source]:
        return [
            Source(number, label, [each for each in self.datasets if each.kind == kind])
            for number, label, kind in SOURCES
        ]

    @property
    def modalities(self) -> list[str]:
        return _each(word for dataset in self.datasets for word in dataset.modality_words)

    @property
    def languages(self) -> list[str]:
        return _each(word for dataset in self.datasets for word in dataset.language_words)

    @property
    def collected_until(self) -> Any:
        """The latest day on which data was collected, as far as the data sets say."""
        return max((each.collected_until for each in self.datasets if each.collected_until), default=None)

    @property
    def undated(self) -> list[TrainingDataset]:
        return [each for each in self.datasets if each.collected_until is None]

    @property
    def personal(self) -> list[TrainingDataset]:
        return [each for each in self.datasets if each.personal_data != TrainingDataset.PersonalData.NONE]


def _each(words: Any) -> list[str]:
    return list(dict.fromkeys(words))
