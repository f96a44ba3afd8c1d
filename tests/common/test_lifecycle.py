"""The engine, tried on a risk: moves of the registry itself are tested there."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from common import audit
from common.editing import edit
from common.lifecycle import Move, Refused, Stale, apply, available_moves
from registry.models import Risk
from tests.factories.registry import RiskFactory

CLOSE = Move("close", "Close", frozenset({"open"}), "closed", may=lambda actor, risk: actor.pk == risk.owner_id)
REFUSED = Move(
    "close",
    "Close",
    frozenset({"open"}),
    "closed",
    may=lambda actor, risk: True,
    needs=(lambda risk: "A mitigation is open.", lambda risk: ""),
)


@pytest.fixture
def risk(family, risk_owner):
    return RiskFactory(family=family, opened=True, owner=risk_owner)


@pytest.mark.django_db
def test_apply_moves_records_and_raises_the_version(risk, risk_owner):
    fresh = apply(CLOSE, risk, actor=risk_owner, changes={"title": "Closed risk"}, reason="No longer applies")

    stored = Risk.objects.get(pk=risk.pk)
    assert (stored.stage, stored.title, stored.row_version) == ("closed", "Closed risk", risk.row_version + 1)
    assert fresh.stage == "closed"
    event = audit.trail(risk).get()
    assert (event.verb, event.before, event.after, event.reason) == (
        "registry.risk.close",
        "open",
        "closed",
        "No longer applies",
    )


@pytest.mark.django_db
def test_apply_refuses_who_may_not_even_a_superuser(risk, superuser):
    with pytest.raises(PermissionDenied):
        apply(CLOSE, risk, actor=superuser)

    assert Risk.objects.get(pk=risk.pk).stage == "open"
    assert not audit.trail(risk).exists()


@pytest.mark.django_db
def test_apply_gives_the_reasons_why_not_yet(risk, risk_owner):
    with pytest.raises(Refused) as refusal:
        apply(REFUSED, risk, actor=risk_owner)

    assert refusal.value.reasons == ["A mitigation is open."]
    assert not audit.trail(risk).exists()


@pytest.mark.django_db
def test_apply_looks_at_what_is_stored_and_says_who_was_first(risk, risk_owner):
    stale = Risk.objects.get(pk=risk.pk)
    apply(CLOSE, risk, actor=risk_owner)

    with pytest.raises(Refused, match=r"already “Closed”: Risk owner did it on .* UTC"):
        apply(CLOSE, stale, actor=risk_owner)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_click_at_once_one_wins(risk, risk_owner):
    barrier, answers = threading.Barrier(2), []

    def click():
        try:
            barrier.wait(timeout=10)
            apply(CLOSE, risk, actor=risk_owner)
            answers.append("moved")
        except Refused as refusal:
            answers.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(answers)[1] == "moved"
    assert "Risk owner did it" in sorted(answers)[0]
    assert audit.trail(risk).count() == 1


@pytest.mark.django_db
def test_available_moves_are_those_the_person_may_make_now(risk, risk_owner, stranger):
    (offered,) = available_moves([CLOSE], risk, risk_owner)
    assert offered.possible
    assert available_moves([CLOSE], risk, stranger) == []
    (blocked,) = available_moves([REFUSED], risk, risk_owner)
    assert (blocked.possible, blocked.reasons) == (False, ["A mitigation is open."])
    risk.stage = "draft"
    assert available_moves([CLOSE], risk, risk_owner) == []


@pytest.mark.django_db
def test_edit_records_only_what_changed(risk, risk_owner):
    edit(risk, actor=risk_owner, verb="registry.risk.edit", changes={"title": "New title", "harm": risk.harm})

    event = audit.trail(risk).get()
    assert (event.before, event.after) == ({"title": risk.title}, {"title": "New title"})
    assert edit(risk, actor=risk_owner, verb="registry.risk.edit", changes={"title": "New title"}).row_version == 2
    assert audit.trail(risk).count() == 1


@pytest.mark.django_db
def test_edit_does_not_overwrite_what_somebody_else_wrote(risk, risk_owner, release_manager):
    edit(risk, actor=release_manager, verb="registry.risk.edit", changes={"title": "Theirs"}, expected_version=1)

    with pytest.raises(Stale, match="Release manager changed this while you were editing"):
        edit(risk, actor=risk_owner, verb="registry.risk.edit", changes={"title": "Mine"}, expected_version=1)

    assert Risk.objects.get(pk=risk.pk).title == "Theirs"
