"""What a release was made from: no circles, not even drawn by two at once, and no word about hidden releases."""

import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from common import audit
from common.lifecycle import Refused
from registry import selectors, services
from registry.models import Release, ReleaseParent
from tests.factories.registry import ReleaseFactory, ReleaseParentFactory

NOBODY = AnonymousUser()


@pytest.fixture
def draft(family, release_manager):
    return ReleaseFactory(family=family, version="2.0", created_by=release_manager)


def lineage(release, user):
    return selectors.lineage_of(selectors.with_lineage(Release.objects.all(), user).get(pk=release.pk))


def flat(nodes):
    return [(node.label, flat(node.children)) for node in nodes]


def test_add_parent_is_on_record(draft, release, release_manager):
    edge = services.add_parent(draft, actor=release_manager, relation="finetune", parent=release)
    assert str(edge) == "Fine-tuned from Pilot 7B 1.0"
    event = audit.trail(draft).first()
    assert (event.verb, event.after["parent"]["label"]) == ("registry.release.add_parent", "Pilot 7B 1.0")
    services.remove_parent(edge, actor=release_manager)
    assert not ReleaseParent.objects.exists()
    assert audit.trail(draft).first().before["parent"]["label"] == "Pilot 7B 1.0"


def test_add_parent_takes_one_parent_once(draft, release, release_manager):
    add = lambda **more: services.add_parent(draft, actor=release_manager, relation="merge", **more)  # noqa: E731
    for given in ({}, {"parent": release, "parent_name": "a/b"}, {"parent": draft}):
        with pytest.raises(Refused) as refusal:
            add(**given)
        assert refusal.value.field == "parent"
    add(parent=release)
    add(parent_name=" a/b ")
    for given, field in (({"parent": release}, "parent"), ({"parent_name": "a/b"}, "parent_name")):
        with pytest.raises(Refused, match="already") as refusal:
            add(**given)
        assert refusal.value.field == field


def test_add_parent_is_for_release_managers_and_for_releases_they_may_know_of(draft, release, risk_owner, stranger):
    with pytest.raises(PermissionDenied):
        services.add_parent(draft, actor=risk_owner, relation="finetune", parent=release)


def test_add_parent_says_nothing_of_a_hidden_release(draft, release_manager):
    hidden = ReleaseFactory()
    with pytest.raises(Refused, match="no such release"):
        services.add_parent(draft, actor=release_manager, relation="finetune", parent=hidden)


def test_add_parent_refuses_a_circle_in_words(family, draft, release, release_manager):
    third = ReleaseFactory(family=family, version="3.0", created_by=release_manager)
    services.add_parent(draft, actor=release_manager, relation="finetune", parent=release)
    services.add_parent(third, actor=release_manager, relation="adapter", parent=draft)
    with pytest.raises(Refused, match=r"Pilot 7B 3.0 was itself made from Pilot 7B 1.0") as refusal:
        services.add_parent(release, actor=release_manager, relation="merge", parent=third)
    assert refusal.value.field == "parent"
    assert ReleaseParent.objects.count() == 2


def test_the_database_refuses_a_circle_whoever_draws_it(draft, release, release_manager):
    edge = ReleaseParentFactory(release=draft, parent=release)
    with pytest.raises(IntegrityError, match="its own ancestor"), transaction.atomic():
        ReleaseParentFactory(release=release, parent=draft)
    other = ReleaseParentFactory(release=release, parent_name="a/b")
    with pytest.raises(IntegrityError, match="its own ancestor"), transaction.atomic():
        ReleaseParent.objects.filter(pk=other.pk).update(parent=draft, parent_name="")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseParent.objects.filter(pk=edge.pk).update(parent=draft)
    edge.delete()
    both = (
        "INSERT INTO registry_releaseparent (release_id, parent_id, parent_name, relation, created_by_id, created_at)"
        " VALUES (%(one)s, %(two)s, '', 'merge', %(who)s, now()), (%(two)s, %(one)s, '', 'merge', %(who)s, now())"
    )
    values = {"one": draft.pk, "two": release.pk, "who": release_manager.pk}
    with pytest.raises(IntegrityError, match="its own ancestor"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(both, values)


@pytest.mark.django_db(transaction=True)
def test_two_halves_of_a_circle_drawn_at_once(family, draft, release, release_manager):
    """The second waits for the first and is refused, on a connection of its own."""
    outcome, begun = [], threading.Event()

    def second_half():
        try:
            begun.set()
            services.add_parent(release, actor=release_manager, relation="merge", parent=draft)
            outcome.append("added")
        except Refused as refused:
            outcome.append(str(refused))
        finally:
            connection.close()

    other = threading.Thread(target=second_half)
    with transaction.atomic():
        services.add_parent(draft, actor=release_manager, relation="finetune", parent=release)
        other.start()
        begun.wait(5)
        other.join(1.0)
        assert other.is_alive(), "the second half must wait for the first"
    other.join(10)
    assert outcome == ["Pilot 7B 2.0 was itself made from Pilot 7B 1.0, directly or by way of others."]
    assert ReleaseParent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_lineage_is_not_written_under_an_old_look_at_the_table(draft, release):
    def late():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            ReleaseParentFactory(release=draft, parent=release, created_by=release.created_by)

    with pytest.raises(IntegrityError, match="READ COMMITTED"):
        late()


def test_lineage_shows_the_tree_as_far_as_the_reader_may_know(family, release, release_manager, stranger):
    base = ReleaseFactory(published=True, version="0")
    hidden, secret = ReleaseFactory(version="h"), ReleaseFactory(version="s", published=True)
    ReleaseParentFactory(release=release, parent=base)
    ReleaseParentFactory(release=base, parent_name="elsewhere/base")
    ReleaseParentFactory(release=release, parent=hidden)
    # What lies beyond a hidden release is not told of by that way, public or not.
    ReleaseParentFactory(release=hidden, parent=secret)
    child = ReleaseFactory(family=family, version="2.0", created_by=release_manager)
    ReleaseParentFactory(release=child, parent=release, relation="adapter")
    for user in (NOBODY, stranger):
        seen = lineage(release, user)
        assert flat(seen.parents) == [(str(base), [("elsewhere/base", [])])]
        assert seen.derivatives == []
    mine = lineage(release, release_manager)
    assert flat(mine.derivatives) == [("Pilot 7B 2.0", [])]
    assert str(mine.derivatives[0].words) == "Adapter for"
    assert not lineage(secret, NOBODY).derivatives


def test_lineage_is_one_query_however_wide_it_is(family, release, django_assert_num_queries):
    for size in (1, 6):
        for _ in range(size):
            ReleaseParentFactory(release=release, parent=ReleaseFactory(published=True))
            ReleaseParentFactory(release=ReleaseFactory(family=family, published=True), parent=release)
        with django_assert_num_queries(1):
            seen = lineage(release, NOBODY)
    assert (len(seen.parents), len(seen.derivatives)) == (7, 7)


def test_lineage_of_a_wide_merge_stays_short(family, release):
    """Six rounds of merging six models each would be 46,656 ways; a page shows 200 nodes."""
    layer = [release]
    for _round in range(6):
        above = [ReleaseFactory(family=family, published=True) for _ in range(6)]
        for below in layer:
            for one in above:
                ReleaseParentFactory(release=below, parent=one)
        layer = above

    def count(nodes):
        return sum(1 + count(node.children) for node in nodes)

    assert count(lineage(release, NOBODY).parents) == 200
