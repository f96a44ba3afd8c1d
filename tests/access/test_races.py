"""Two people at once, on two real connections."""

import threading

import pytest
from django.db import connection

from access import services
from access.models import AccessRequest, Grant
from common.lifecycle import Refused
from common.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run ``calls`` in threads that start together; answer with what each returned or raised."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        try:
            barrier.wait(5)
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


@pytest.mark.parametrize("round_", range(3))
def test_of_two_managers_one_decides_and_the_other_reads_who_and_when(round_, submitted, release_manager, superuser):
    results = at_once(
        lambda: services.decide_request(submitted, actor=release_manager, approve=True, reason="Yes"),
        lambda: services.decide_request(submitted, actor=superuser, approve=False, reason="No"),
    )
    winners = [result for result in results if isinstance(result, AccessRequest)]
    (loser,) = [result for result in results if isinstance(result, Refused)]
    assert len(winners) == 1
    assert f"{winners[0].decided_by} did it on" in str(loser)
    assert Grant.objects.count() == (winners[0].stage == "approved")
    decided = AuditEvent.objects.filter(verb__in=["access.accessrequest.approve", "access.accessrequest.decline"])
    assert decided.count() == 1


def test_approving_twice_makes_one_grant(submitted, release_manager, superuser):
    at_once(
        *(
            lambda actor=actor: services.decide_request(submitted, actor=actor, approve=True, reason="Yes")
            for actor in (release_manager, superuser)
        )
    )
    assert Grant.objects.count() == 1


def test_sending_twice_makes_one_request(ask):
    results = at_once(ask, ask)
    assert AccessRequest.objects.count() == 1
    assert sum(isinstance(result, AccessRequest) for result in results) >= 1


def test_withdrawing_and_approving_at_once_leaves_one_of_both(submitted, release_manager, researcher):
    at_once(
        lambda: services.withdraw_request(submitted, actor=researcher),
        lambda: services.decide_request(submitted, actor=release_manager, approve=True, reason="Yes"),
    )
    submitted.refresh_from_db()
    assert Grant.objects.count() == (submitted.stage == "approved")
    assert submitted.stage in {"approved", "withdrawn"}
