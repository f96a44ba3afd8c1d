"""Training data: what is put on record, what is told to whom, the import, and the public page."""

import datetime as dt
import hashlib
import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from common import audit
from common.lifecycle import Refused, Stale
from registry import croissant, services
from registry.forms.training_data import packed
from registry.models import TrainingDataset
from tests.factories.registry import ModelFamilyFactory, ReleaseFactory, TrainingDatasetFactory
from tests.registry.croissants import CONTEXT, DOCUMENT, MINUTES

NOBODY = AnonymousUser()
PUBLIC = "/models/harbour-lab/pilot-7b/training-data/"


def add(family, actor, **fields):
    return services.add_training_dataset(family, actor=actor, **{"name": "Minutes", "kind": "public", **fields})


def test_a_data_set_is_on_record(family, release, release_manager):
    made = add(family, release_manager, releases=[release], licence="CC0-1.0")
    assert list(made.releases.all()) == [release]
    event = audit.trail(made).get()
    assert (event.verb, event.after["licence"]) == ("registry.trainingdataset.add", "CC0-1.0")


def test_training_data_is_for_release_managers(family, risk_owner, auditor, reviewer, stranger):
    row = TrainingDatasetFactory(family=family)
    for person in (risk_owner, auditor, reviewer, stranger):
        with pytest.raises(PermissionDenied):
            add(family, person)
        with pytest.raises(PermissionDenied):
            services.edit_training_dataset(row, actor=person, name="New")
        with pytest.raises(PermissionDenied):
            services.remove_training_dataset(row, actor=person, reason="Old")


def test_what_contradicts_itself_is_refused(family, release_manager):
    row = TrainingDatasetFactory(family=family)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    for field, given in (
        ("collected_until", {"collected_from": dt.date(2024, 2, 1), "collected_until": dt.date(2024, 1, 1)}),
        ("auditor", {"audited_on": dt.date(2024, 1, 1)}),
        ("audited_on", {"audited_on": tomorrow, "auditor": "Somebody"}),
        ("legal_basis", {"personal_data": "pseudonymised", "legal_basis": "not_needed"}),
    ):
        for attempt in (
            lambda given=given: add(family, release_manager, **given),
            lambda given=given: services.edit_training_dataset(row, actor=release_manager, **given),
        ):
            with pytest.raises(Refused) as refusal:
                attempt()
            assert refusal.value.field == field


def test_the_database_refuses_the_same(family):
    for fields in (
        {"collected_from": dt.date(2024, 2, 1), "collected_until": dt.date(2024, 1, 1)},
        {"audited_on": dt.date(2024, 1, 1)},
        {"personal_data": "present", "legal_basis": "not_needed"},
        {"personal_data": "some"},
        {"kind": "found"},
        {"croissant": "{}"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            TrainingDatasetFactory(family=family, **fields)


def test_releases_are_of_the_same_family(family, release_manager):
    row, foreign = TrainingDatasetFactory(family=family), ReleaseFactory(family=ModelFamilyFactory())
    with pytest.raises(Refused):
        services.edit_training_dataset(row, actor=release_manager, releases=[foreign])
    with pytest.raises((IntegrityError, InternalError), match="two model families"), transaction.atomic():
        row.releases.add(foreign)


def test_two_writers_at_once(family, release_manager, colleague):
    row = TrainingDatasetFactory(family=family)
    services.edit_training_dataset(row, actor=colleague, size="1 TB", expected_version=1)
    with pytest.raises(Stale):
        services.edit_training_dataset(row, actor=release_manager, size="2 TB", expected_version=1)


def test_what_a_public_release_was_trained_on_is_not_removed(family, release, release_manager):
    row = TrainingDatasetFactory(family=family, name="Minutes", releases=[release])
    with pytest.raises(Refused, match=release.version):
        services.remove_training_dataset(row, actor=release_manager, reason="Wrong")
    row = services.edit_training_dataset(row, actor=release_manager, releases=[])
    trail = audit.trail(row)
    services.remove_training_dataset(row, actor=release_manager, reason="Named twice")
    assert not TrainingDataset.objects.exists()
    event = trail.first()
    assert (event.verb, event.reason, event.before["name"]) == (
        "registry.trainingdataset.remove",
        "Named twice",
        "Minutes",
    )


def test_people_outside_see_what_is_shown_no_earlier_than_its_release(client, family, release, auditor):
    draft = ReleaseFactory(family=family, version="9.9-secret")
    shown = [
        TrainingDatasetFactory(family=family, name="Of all", notes="For us only"),
        TrainingDatasetFactory(family=family, name="Of the public one", releases=[release, draft]),
    ]
    hidden = [
        TrainingDatasetFactory(family=family, name="Hidden draft", releases=[draft]),
        TrainingDatasetFactory(family=family, name="Hidden set", is_public=False),
    ]
    page = client.get(PUBLIC).content.decode()
    assert "Of the public one" in page
    for words in ("Hidden", "For us only", draft.version):
        assert words not in page
    rows = client.get("/api/v1/training-datasets/").json()["results"]
    assert {row["id"] for row in rows} == {row.pk for row in shown}
    assert [row["releases"] for row in rows if row["name"] == "Of the public one"] == [[release.pk]]
    assert {row["notes"] for row in rows} == {""}
    assert client.get(f"/api/v1/training-datasets/?release={draft.pk}").json()["results"] == []
    for row in hidden:
        assert client.get(f"/api/v1/training-datasets/{row.pk}/").status_code == 404
    client.force_login(auditor)
    assert len(client.get("/api/v1/training-datasets/").json()["results"]) == 4


def test_the_public_page_follows_the_order_of_the_template(client, family, release):
    TrainingDatasetFactory(
        family=family,
        name="Minutes",
        kind="licensed",
        copyright_handling="By contract.",
        languages=["nl"],
        modalities=["text"],
        collected_until=dt.date(2024, 6, 30),
    )
    TrainingDatasetFactory(family=family, name="Made up", kind="synthetic")
    page = client.get(PUBLIC).content.decode()
    numbers = ["1.1 ", "1.2 ", "1.3 ", "2.1 ", "2.2.1 ", "2.2.2 ", "2.3 ", "2.4 ", "2.5 ", "2.6 ", "3.1 ", "3.2 "]
    places = [page.index(f">{number}") for number in numbers]
    assert places == sorted(places)
    assert page.index(">2.2.1 ") < page.index("Minutes") < page.index(">2.2.2 ")
    assert page.index(">2.5 ") < page.index("Made up") < page.index(">2.6 ")
    assert "Dutch" in page
    assert "1 data set does not say" in page
    assert "By contract." in page


def test_a_description_is_shown_before_anything_is_saved(client, family, release_manager):
    client.force_login(release_manager)
    path = f"/workspace/releases/families/{family.pk}/training-data/import/"
    file = SimpleUploadedFile("croissant.json", MINUTES.replace("\n", "\r\n").encode())
    answer = client.post(path, {"file": file})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Nothing is saved yet" in page
    assert 'value="Parliament minutes"' in page
    assert "Read from rai:personalSensitiveInformation." in page
    assert not TrainingDataset.objects.exists()
    form = answer.context["form"]
    given = {name: form.initial.get(name, "") for name in form.fields if name not in {"releases", "modalities"}}
    given |= {"languages": "nl, en", "legal_basis": "public_task", "name": "Minutes, looked through"}
    saved = client.post(f"/workspace/releases/families/{family.pk}/training-data/new/", given)
    assert saved.status_code == 302
    row = TrainingDataset.objects.get()
    assert (row.name, row.legal_basis, row.collected_from) == (
        "Minutes, looked through",
        "public_task",
        dt.date(1995, 1, 1),
    )
    # Byte for byte, with the line ends of the file and not those of a form.
    assert row.croissant == MINUTES.replace("\n", "\r\n")


def test_what_was_typed_survives_a_refusal_with_its_description(client, family, release_manager):
    client.force_login(release_manager)
    given = {"name": "", "kind": "public", "known_gaps": "No dialects", "croissant": packed(MINUTES)}
    answer = client.post(f"/workspace/releases/families/{family.pk}/training-data/new/", given)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "No dialects" in page
    assert packed(MINUTES) in page


def test_a_description_that_was_tampered_with_is_not_kept(client, family, release_manager):
    client.force_login(release_manager)
    path = f"/workspace/releases/families/{family.pk}/training-data/new/"
    fields = {"name": "Minutes", "kind": "public", "personal_data": "unknown", "legal_basis": "not_established"}
    for croissant_text in ("%%%", packed("{}"), packed(json.dumps({"@context": "https://example.org/x"}))):
        answer = client.post(path, {**fields, "croissant": croissant_text})
        assert answer.status_code == 422
    assert not TrainingDataset.objects.exists()


def test_errors_of_a_description_stand_at_its_field(client, family, release_manager):
    client.force_login(release_manager)
    file = {name: value for name, value in DOCUMENT["distribution"][0].items() if name != "encodingFormat"}
    source = json.dumps({"@context": CONTEXT, **DOCUMENT, "distribution": [file]})
    answer = client.post(f"/workspace/releases/families/{family.pk}/training-data/import/", {"source": source})
    assert answer.status_code == 422
    assert "distribution “minutes.csv”: “encodingFormat” is missing." in answer.context["form"].errors["source"]
    file = SimpleUploadedFile("croissant.json", source.encode())
    answer = client.post(f"/workspace/releases/families/{family.pk}/training-data/import/", {"file": file})
    assert set(answer.context["form"].errors) == {"file"}


def test_the_api_takes_a_description_and_keeps_it(client, family, release, release_manager, stranger):
    client.force_login(release_manager)
    body = {"family": family.pk, "croissant": MINUTES, "legal_basis": "public_task", "releases": [release.pk]}
    answer = client.post("/api/v1/training-datasets/", body, "application/json")
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["name"], row["legal_basis"], row["releases"]) == ("Parliament minutes", "public_task", [release.pk])
    assert row["croissant_sha256"] == hashlib.sha256(MINUTES.encode()).hexdigest()
    client.force_login(stranger)
    for path in (f"/api/v1/training-datasets/{row['id']}/croissant/", f"{PUBLIC}{row['id']}/croissant.json"):
        kept = client.get(path)
        assert kept.content.decode() == MINUTES
    assert client.get(f"/api/v1/training-datasets/{row['id']}/croissant/")["Content-Type"] == "application/ld+json"


def test_the_api_reads_without_storing(client, family, release_manager, risk_owner):
    body = {"family": family.pk, "croissant": MINUTES}
    client.force_login(risk_owner)
    assert client.post("/api/v1/training-datasets/reading/", body, "application/json").status_code == 403
    client.force_login(release_manager)
    answer = client.post("/api/v1/training-datasets/reading/", body, "application/json").json()
    assert (answer["values"]["collected_until"], answer["remarks"]) == ("2024-06-30", ["“citeAs” is missing."])
    assert not TrainingDataset.objects.exists()
    wrong = client.post("/api/v1/training-datasets/reading/", {**body, "croissant": "{"}, "application/json")
    assert wrong.status_code == 409
    bare = client.post("/api/v1/training-datasets/", {"family": family.pk}, "application/json")
    assert bare.status_code == 400
    assert {each["field"] for each in bare.json()["errors"]} == {"name", "kind"}


@pytest.mark.parametrize("count", [1, 25])
def test_pages_cost_the_same_for_many(client, family, release, auditor, count, django_assert_num_queries):
    for _ in range(count):
        TrainingDatasetFactory(family=family, releases=[release])
    with django_assert_num_queries(3):
        client.get(PUBLIC)
    with django_assert_num_queries(1):
        client.get("/api/v1/training-datasets/")
    client.force_login(auditor)
    path = f"/workspace/releases/families/{family.pk}/training-data/"
    client.get(path)
    with django_assert_num_queries(6):
        assert client.get(path).status_code == 200


def test_a_write_stays_within_its_budget(client, family, release, release_manager, django_assert_max_num_queries):
    client.force_login(release_manager)
    body = {"family": family.pk, "name": "Minutes", "kind": "public", "releases": [release.pk]}
    with django_assert_max_num_queries(15):
        made = client.post("/api/v1/training-datasets/", body, "application/json")
    path, headers = f"/api/v1/training-datasets/{made.json()['id']}/", {"If-Match": made["ETag"]}
    with django_assert_max_num_queries(15):
        answer = client.patch(path, {"size": "1 TB"}, "application/json", headers=headers)
    assert (made.status_code, answer.status_code) == (201, 200)


def test_only_what_was_read_can_be_kept():
    assert croissant.read(MINUTES).sha256 == hashlib.sha256(MINUTES.encode()).hexdigest()
