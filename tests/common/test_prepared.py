"""A query put into SQL once answers like the queryset it was written as, at each call with its own values."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.db.models import F, OuterRef, QuerySet

from common.prepared import PreparedObjects
from registry.models import ModelFamily, Release
from registry.selectors.embed import embedded
from tests.factories.registry import ModelFamilyFactory, ReleaseFactory


def _releases(publisher: str, family: str) -> QuerySet[Release]:
    siblings = Release.objects.filter(family=OuterRef("family")).order_by("pk")
    return (
        Release.objects.filter(family__slug=family, family__publisher__slug=publisher)
        .select_related("family__publisher")
        .annotate(called=F("family__name"), siblings=embedded(siblings, "id", "version"))
        .order_by("pk")[:2]
    )


@pytest.mark.django_db
def test_objects_are_those_of_the_queryset(publisher, django_assert_num_queries):
    families = [ModelFamilyFactory(publisher=publisher, slug=f"model-{n}", name=f"Model {n}") for n in range(2)]
    for family in families:
        for n in range(3):
            ReleaseFactory(family=family, version=f"{n}.0")
    prepared = PreparedObjects(_releases, publisher=str, family=str)
    for family in [*families, *families[::-1]]:
        values = {"publisher": publisher.slug, "family": family.slug}
        with django_assert_num_queries(1):
            found = prepared.objects(**values)
            names = [(each.family.name, each.family.publisher.slug, each.called) for each in found]
        plain = list(_releases(**values))
        assert found == plain
        assert names == [(family.name, publisher.slug, family.name)] * 2
        assert [each.siblings for each in found] == [each.siblings for each in plain]
        assert len(found[0].siblings) == 3
    assert prepared.objects(publisher=publisher.slug, family="none") == []


@pytest.mark.django_db
def test_a_value_that_the_sql_does_not_carry_as_given_is_refused():
    loud = PreparedObjects(lambda family: ModelFamily.objects.filter(slug=family.upper()), family=str)
    with pytest.raises(RuntimeError, match="did not reach its SQL"):
        loud.objects(family="a")


@pytest.mark.django_db(transaction=True)
def test_many_may_ask_first_at_once(publisher):
    family = ModelFamilyFactory(publisher=publisher, slug="model", name="Model")
    ReleaseFactory(family=family, version="1.0")
    prepared = PreparedObjects(_slowly(_releases), publisher=str, family=str)
    values = {"publisher": publisher.slug, "family": family.slug}

    def ask(_n):
        try:
            return [each.called for each in prepared.objects(**values)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(24))) == [["Model"]] * 24


def _slowly(build):
    """Long enough for the others to come in between."""

    def built(**values):
        found = build(**values)
        as_sql = found.query.get_compiler

        def slow(*args, **options):
            compiler = as_sql(*args, **options)
            time.sleep(random.random() / 20)
            return compiler

        found.query.get_compiler = slow
        return found

    return built
