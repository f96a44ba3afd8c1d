import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from access import services
from access.models import Grant
from common.models import OutboxEvent
from governance.services import withdraw_release
from registry.services import import_card
from tests.factories.access import GrantFactory, TierFactory
from tests.factories.registry import ReleaseFactory

pytestmark = pytest.mark.django_db


def test_requester_and_managers_hear_of_each_step(ask, deliver, release_manager, colleague, researcher):
    request = ask()
    deliver()
    receipt, notice = sorted(mail.outbox, key=lambda message: message.to != [researcher.email])
    assert f"/access/requests/{request.pk}/" in receipt.body
    # A colleague of the requester is a release manager too, and is not asked to decide.
    assert notice.to == [release_manager.email]
    assert f"/workspace/access/{request.pk}/" in notice.body
    assert "Measure how well it refuses" in notice.body
    mail.outbox.clear()
    services.decide_request(request, actor=release_manager, approve=True, reason="Sound <plan>")
    deliver()
    (decision,) = mail.outbox
    assert decision.to == [researcher.email]
    assert "Sound <plan>" in decision.body
    assert "Sound &lt;plan&gt;" in decision.alternatives[0].content
    mail.outbox.clear()
    services.revoke_grant(request.grants.get(), actor=release_manager, reason="Resold")
    deliver()
    assert [(message.to, "Resold" in message.body) for message in mail.outbox] == [([researcher.email], True)]


def test_a_return_names_what_is_asked(submitted, deliver, release_manager, researcher):
    services.return_request(submitted, actor=release_manager, message="Which licence has the data?")
    mail.outbox.clear()
    deliver()
    message = next(sent for sent in mail.outbox if "needs something" in sent.subject)
    assert (message.to, "Which licence has the data?" in message.body) == ([researcher.email], True)


def test_each_holder_hears_once_of_a_withdrawn_release(release, release_manager, deliver):
    tier = TierFactory(family=release.family)
    holders = [GrantFactory(request__release=release, request__tier=tier).user.email for _ in range(3)]
    ended = GrantFactory(request__release=release, request__tier=tier, valid_from=timezone.now() - timedelta(days=9))
    Grant.objects.filter(pk=ended.pk).update(valid_until=timezone.now() - timedelta(days=1))
    withdraw_release(release, actor=release_manager, reason="A safeguard did not hold.")
    deliver()
    deliver()
    told = [message.to[0] for message in mail.outbox if "was withdrawn" in message.subject]
    assert sorted(told) == sorted(holders)
    assert all(
        "A safeguard did not hold." in message.body for message in mail.outbox if "was withdrawn" in message.subject
    )


def test_each_holder_hears_once_why_a_card_was_corrected_and_where(release, release_manager, deliver, client, stranger):
    source = (
        "---\nlicense: apache-2.0\ntags:\n- text\n---\n# Pilot\n\n## Intended use\n\nHospitals.\n\n## Limits\n\nNone.\n"
    )
    first = import_card(release, actor=release_manager, source=source, correction_note="As it was.")
    deliver()
    mail.outbox.clear()
    tier, other = TierFactory.create_batch(2, family=release.family)
    grants = [GrantFactory(request__release=release, request__tier=tier) for _ in range(2)]
    # A second grant of the same holder makes no second mail; an ended or suspended one none at all.
    GrantFactory(request__release=release, request__tier=other, request__requester=grants[0].user)
    ended = GrantFactory(request__release=release, request__tier=tier, valid_from=timezone.now() - timedelta(days=9))
    Grant.objects.filter(pk=ended.pk).update(valid_until=timezone.now() - timedelta(days=1))
    suspended = GrantFactory(request__release=release, request__tier=tier)
    services.suspend_grant(suspended, actor=release_manager, reason="Resold?")
    deliver()
    mail.outbox.clear()
    again = source.replace("- text", "- text\n- medical").replace("None.", "Worse in Kannada <than> we said.")
    import_card(release, actor=release_manager, source=again, correction_note="An evaluation was wrong.")
    deliver()
    deliver()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(grant.user.email for grant in grants)
    body = mail.outbox[0].body
    assert "An evaluation was wrong." in body
    assert "What changed: Tags, Where its limits are" in " ".join(body.split())
    (link,) = re.findall(r"/models/\S+compare/\?old=\d+&new=\d+", body)
    assert link.endswith(f"?old={first.number}&new={first.number + 1}")
    # The holder is nobody's insider: the page it leads to is open to them.
    client.force_login(grants[0].user)
    assert "Worse in Kannada &lt;than&gt;" in re.sub(r"</?(ins|del)[^>]*>", "", client.get(link).content.decode())


def test_nobody_is_told_of_a_card_of_a_draft(release_manager, family, deliver):
    draft = ReleaseFactory(family=family, version="9.0", created_by=release_manager)
    import_card(draft, actor=release_manager, source="---\nlicense: apache-2.0\n---\n# One\n")
    import_card(draft, actor=release_manager, source="---\nlicense: apache-2.0\n---\n# Two\n")
    deliver()
    assert mail.outbox == []


def test_holders_hear_of_new_terms_unless_they_are_not_material(grant, tier, release_manager, deliver, researcher):
    deliver()
    mail.outbox.clear()
    services.publish_terms(tier, actor=release_manager, text="A.", change_note="A comma.", is_material=False)
    deliver()
    assert mail.outbox == []
    services.publish_terms(tier, actor=release_manager, text="B.", change_note="No training on outputs.")
    deliver()
    (message,) = mail.outbox
    assert message.to == [researcher.email]
    assert "No training on outputs." in message.body
    assert f"/access/tiers/{tier.pk}/acceptance/" in message.body


def test_internal_notes_reach_no_mail(submitted, release_manager, reviewer, deliver):
    deliver()
    mail.outbox.clear()
    services.post_message(submitted, actor=reviewer, body="SECRET DOUBT", visibility="internal")
    services.post_message(submitted, actor=release_manager, body="Which data?", visibility="public")
    deliver()
    assert len(mail.outbox) == 1
    assert "SECRET" not in str([message.message() for message in mail.outbox])
    assert "SECRET" not in str(list(OutboxEvent.objects.values("payload")))


def test_auditors_and_requesters_write_no_internal_notes(submitted, auditor, researcher):
    for actor in (auditor, researcher):
        with pytest.raises(PermissionDenied):
            services.post_message(submitted, actor=actor, body="x", visibility="internal")
