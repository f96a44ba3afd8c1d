"""Exports of a release: valid in every format, the same for everybody, and nothing in them that is not public."""

import json
import re
from datetime import date

import pytest
from django.utils import timezone, translation
from huggingface_hub import ModelCard as HubCard

from registry import cards, exchange
from registry.models import HighRiskUse, Release, Safeguard, TrainingDataset
from tests.factories.registry import (
    ArtifactFactory,
    CapabilityStatusFactory,
    MitigationFactory,
    PhaseFactory,
    ReleaseFactory,
    ReleaseParentFactory,
    RiskFactory,
    UsageGuidelinesFactory,
)
from tests.registry.formats import NO_LICENCE, check_cyclonedx, check_spdx, exported, made, url
from tests.registry.full_card import FULL_CARD

pytestmark = pytest.mark.django_db
PATHS = ("card.md", "cyclonedx.json", "spdx.json")


def both(release):
    return check_cyclonedx(exported(release, "cyclonedx")), check_spdx(exported(release, "spdx"))


def test_a_release_of_which_nothing_is_known_is_valid(family, release_manager):
    document, found = both(made(family, release_manager, licence=""))
    assert document["metadata"]["component"]["name"] == family.slug
    assert "licenses" not in document["metadata"]["component"]
    (package,) = found["ai_AIPackage"]
    assert "ai_safetyRiskAssessment" not in package
    (declared,) = [each for each in found["Relationship"] if each["relationshipType"] == "hasDeclaredLicense"]
    assert declared["to"] == [NO_LICENCE]


def test_every_field_of_the_hub_specification_arrives(family, release_manager):
    release = made(family, release_manager, card=FULL_CARD, licence="", files={"model.safetensors": b"weights"})
    document, found = both(release)
    model = document["metadata"]["component"]
    card = model["modelCard"]
    assert card["modelParameters"] == {
        "task": "automatic-speech-recognition",
        "architectureFamily": "llama",
        "modelArchitecture": "LlamaForCausalLM",
        "datasets": [{"ref": "data/harbour-lab/letters"}, {"ref": "data/common_voice"}, {"ref": "data/refusal-set"}],
        "inputs": [{"format": "audio"}],
        "outputs": [{"format": "text"}],
    }
    assert card["quantitativeAnalysis"]["performanceMetrics"][0] == {
        "type": "wer (Test WER)",
        "value": "20.9",
        "slice": "Common Voice (Dutch) · nl · test · 5503434ddd753f426f4b38109466949a1217c2bb",
    }
    considered = card["considerations"]
    assert considered["useCases"] == [family.intended_use] if family.intended_use else considered["useCases"]
    assert considered["technicalLimitations"][:2] == ["Worse with accents", "Invents names"]
    told = {each["name"]: each["value"] for each in considered["environmentalConsiderations"]["properties"]}
    assert told["tidegate:co2_eq:emissions"] == "232380"
    rest = {each["name"].removeprefix("tidegate:hub:") for each in card["properties"]}
    assert rest >= {"library_name", "metrics", "new_version", "thumbnail", "inference", "widget", "extra_gated_fields"}
    assert [each["purl"] for each in model["pedigree"]["ancestors"]] == [
        "pkg:huggingface/estuary-lab/tideline-base",
        "pkg:huggingface/other-lab/adapter",
    ]
    assert model["tags"] == ["text-generation", "safety", "arxiv:2301.00001"]
    assert model["licenses"][0]["license"]["url"] == "https://example.org/licence"
    (package,) = found["ai_AIPackage"]
    assert package["ai_domain"] == ["automatic-speech-recognition"]
    assert package["ai_typeOfModel"] == ["llama", "LlamaForCausalLM"]
    assert {"key": "learning_rate", "type": "DictionaryEntry", "value": "5e-05"} in package["ai_hyperparameter"]
    assert "Letters of harbour masters" in package["ai_informationAboutTraining"]
    assert "emissions: 232380" in package["ai_informationAboutTraining"]
    relations = {each["relationshipType"]: len(each["to"]) for each in found["Relationship"]}
    assert relations["trainedOn"] == relations["testedOn"] == relations["descendantOf"] == 2
    files = {each["name"]: each["verifiedUsing"][0]["hashValue"] for each in found["software_File"]}
    assert files == {
        "model.safetensors": release.artifacts.get().sha256,
        "README.md": release.cards.get().sha256,
    }
    assert model["components"][0]["hashes"] == [{"alg": "SHA-256", "content": release.artifacts.get().sha256}]


def test_every_key_of_the_card_has_a_place(family, release_manager):
    release = made(family, release_manager, card=FULL_CARD, licence="")
    text = exported(release, "cyclonedx").decode()
    for key, value in release.cards.get().metadata.items():
        words = json.dumps(value, ensure_ascii=False)
        for word in re.findall(r"[A-Za-z][A-Za-z_-]{6,}", words):
            assert word in text, (key, word)


def test_the_card_is_exported_byte_for_byte(client, family, release_manager):
    source = FULL_CARD.replace("\n", "\r\n")
    release = made(family, release_manager, card=source, licence="")
    assert client.get(url(release, "card.md")).content == source.encode()


def test_a_release_without_card_gets_one_that_says_so(client, family, release_manager, risk_owner):
    RiskFactory(family=family, opened=True, owner=risk_owner, number=7, title="Phishing")
    release = made(family, release_manager, licence="GPL-3.0-or-later", languages=["en"], base_model="a/b, Our own")
    content = client.get(url(release, "card.md")).content.decode()
    card = cards.read(content)
    assert card.metadata == {"license": "gpl-3.0", "language": ["en"], "base_model": ["a/b"]}
    assert "gave no model card" in content
    assert "**R-7 Phishing**" in content
    assert HubCard(content).data.license == "gpl-3.0"


@pytest.mark.parametrize(
    ("licence", "hub"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("LicenseRef-OpenRAIL-pp-M", {"license": "openrail++"}),
        ("LicenseRef-Harbour-1", {"license": "other", "license_name": "harbour-licence-1"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "mit-or-apache-2.0"}),
    ],
)
def test_licences_on_the_hub(family, release_manager, licence, hub):
    name = "Harbour licence 1" if "Harbour" in licence else ""
    release = made(family, release_manager, licence=licence, licence_name=name, licence_text="Be kind.")
    read = cards.read(exported(release, "huggingface").decode()).metadata
    assert {key: read[key] for key in hub} == hub


def test_licences_of_every_kind_are_valid(family, release_manager):
    own = {"licence_name": "Häfen “Lizenz”", "licence_text": "§ 1 Be kind.\n\ttwice"}
    release = made(family, release_manager, licence="LicenseRef-Harbour-1", **own)
    document, found = both(release)
    licence = document["metadata"]["component"]["licenses"][0]["license"]
    assert (licence["name"], licence["text"]["content"]) == (own["licence_name"], own["licence_text"])
    (text,) = found["simplelicensing_SimpleLicensingText"]
    assert text["simplelicensing_licenseText"] == own["licence_text"]
    (compound, _spdx) = both(made(family, release_manager, version="2.1", licence="MIT OR LicenseRef-OpenRAIL"))
    assert compound["metadata"]["component"]["licenses"][0]["expression"] == "MIT OR LicenseRef-OpenRAIL"
    (listed, _spdx) = both(made(family, release_manager, version="2.2", licence="Apache-2.0"))
    assert listed["metadata"]["component"]["licenses"][0]["license"]["id"] == "Apache-2.0"
    old = made(family, release_manager, version="2.3", licence="ask us (nicely) – 100 %")
    (strange, elements) = both(old)
    assert strange["metadata"]["component"]["licenses"][0]["license"]["name"] == "ask us (nicely) – 100 %"
    (expression,) = elements["simplelicensing_LicenseExpression"]
    assert expression["simplelicensing_licenseExpression"] == "LicenseRef-ask-us-nicely-100"


def test_odd_words_survive(family, release_manager, risk_owner):
    family.name, family.summary = "猫 “7B” </script>", "Zeile\u2028 \u0001 ‮ x"
    family.intended_use = "- eins\n- zwei\n\ndrei"
    family.save()
    risk = RiskFactory(family=family, opened=True, owner=risk_owner, title="ﷺ | *x*", affected="Ä\nB")
    release = made(family, release_manager, files={"dir with/a+b (1).bin": b"", "ü".encode().hex() + ".md": b"x"})
    document, found = both(release)
    model = document["metadata"]["component"]
    assert model["description"] == family.summary
    assert model["modelCard"]["considerations"]["useCases"] == [family.intended_use]
    assert risk.title in model["modelCard"]["considerations"]["ethicalConsiderations"][0]["name"]
    assert "dir with/a+b (1).bin" in {each["name"] for each in found["software_File"]}


def test_risks_and_what_is_done_about_them(family, release_manager, risk_owner):
    risk = RiskFactory(family=family, opened=True, owner=risk_owner, number=3, title="Phishing", affected="Everybody")
    MitigationFactory(family=family, owner=risk_owner, risks=[risk], title="Filter")
    in_place = {"stage": "in_place", "in_place_at": timezone.now(), "how_it_works": "x", "why_chosen": "y"}
    guard = Safeguard.objects.create(family=family, kind="content_filter", title="Refusals", **in_place)
    guard.risks.add(risk)
    use = HighRiskUse.objects.create(family=family, title="Hiring", why="Annex III", source="EU AI Act, Annex III, 4")
    document, found = both(made(family, release_manager))
    told = document["metadata"]["component"]["modelCard"]["considerations"]
    first, high = told["ethicalConsiderations"]
    assert first["name"].startswith("R-3 Phishing [")
    assert first["mitigationStrategy"] == "Filter (Planned); Refusals (In place)"
    assert (high["name"], high["mitigationStrategy"]) == (
        "High-risk use: Hiring (EU AI Act, Annex III, 4): Annex III",
        "No safeguard answers it yet",
    )
    assert told["fairnessAssessments"][0]["groupAtRisk"] == "Everybody"
    statements = [each["statement"] for each in found["Annotation"]]
    assert any(text.startswith("R-3 Phishing\nHarm: ") for text in statements)
    assert any(text.startswith(f"High-risk use: {use.title}") for text in statements)
    assert found["ai_AIPackage"][0]["ai_safetyRiskAssessment"] in {"low", "medium", "high", "serious"}


def test_what_is_not_public_is_in_no_format(client, family, release_manager, risk_owner, stranger):
    secret = "Q7xZ-secret"
    other = ReleaseFactory(family=family, version="9.0", created_by=release_manager)
    RiskFactory(family=family, opened=True, owner=risk_owner, title=f"{secret} hidden", is_public=False)
    RiskFactory(family=family, title=f"{secret} draft")
    RiskFactory(family=family, opened=True, owner=risk_owner, title=f"{secret} of another release", release=other)
    shown = RiskFactory(family=family, opened=True, owner=risk_owner, title="Shown", harm="Harm")
    MitigationFactory(family=family, owner=risk_owner, risks=[shown], title=f"{secret} dropped", stage="dropped")
    TrainingDataset.objects.create(family=family, name=f"{secret} data", kind="public", is_public=False)
    TrainingDataset.objects.create(family=family, name="Letters", kind="public", notes=f"{secret} note")
    Safeguard.objects.create(family=family, kind="other", title=f"{secret} guard", is_public=False).risks.add(shown)
    release = made(family, release_manager)
    ReleaseParentFactory(release=release, parent=other)
    first = []
    for reader in (None, stranger, release_manager):
        if reader:
            client.force_login(reader)
        contents = [client.get(url(release, path)).content.decode() for path in PATHS]
        for text in contents:
            assert secret not in text
            assert risk_owner.display_name not in text
            assert risk_owner.email not in text
            assert "Shown" in text
        first = first or contents
        assert contents == first


@pytest.mark.parametrize("field", ["harm", "affected", "current", "mitigations"])
def test_a_field_of_risks_that_the_publisher_does_not_show(family, publisher, release_manager, risk_owner, field):
    risk = RiskFactory(
        family=family, opened=True, owner=risk_owner, harm="Secret harm", affected="Secret people", title="Shown"
    )
    MitigationFactory(family=family, owner=risk_owner, risks=[risk], title="Secret filter")
    words = {"harm": "Secret harm", "affected": "Secret people", "mitigations": "Secret filter", "current": "Level: "}
    release = made(family, release_manager)
    assert words[field] in exported(release, "spdx").decode()
    publisher.public_risk_fields = [name for name in publisher.public_risk_fields if name != field]
    publisher.save()
    for name in exchange.FORMATS:
        text = exported(release, name).decode()
        assert words[field] not in text
        assert "Shown" in text
    if field == "current":
        assert "ai_safetyRiskAssessment" not in exported(release, "spdx").decode()


def test_training_data_lineage_and_capabilities(family, release, release_manager):
    TrainingDataset.objects.create(
        family=family,
        name="Letters",
        kind="licensed",
        source_url="https://example.org/letters",
        publisher="Archive",
        licence="CC-BY-4.0",
        filtering="Names removed",
        known_gaps="No women",
        personal_data="none",
        legal_basis="not_needed",
        modalities=["text", "code"],
        collected_from=date(1900, 1, 1),
    )
    new = made(family, release_manager, card=FULL_CARD.replace("harbour-lab/letters", "Letters"), licence="")
    ReleaseParentFactory(release=new, parent=release)
    CapabilityStatusFactory(release=new, capability="Dutch", status="experimental")
    CapabilityStatusFactory(release=new, capability="dutch", status="evaluated")
    document, found = both(new)
    (letters,) = [each for each in document["components"] if each["name"] == "Letters"]
    assert letters["licenses"][0]["license"]["id"] == "CC-BY-4.0"
    assert letters["data"][0]["governance"]["owners"][0]["organization"]["name"] == "Archive"
    (package,) = [each for each in found["dataset_DatasetPackage"] if each["name"] == "Letters"]
    assert package["dataset_datasetType"] == ["text", "other"]
    assert package["dataset_hasSensitivePersonalInformation"] == "no"
    assert package["dataset_knownBias"] == ["No women"]
    assert "dataset" not in found["SpdxDocument"][0]["profileConformance"]
    parent = document["metadata"]["component"]["pedigree"]["ancestors"][0]
    assert (parent["name"], parent["version"]) == (family.repo_id, release.version)
    assert release.revision in parent["purl"]
    words = [each for each in document["metadata"]["component"]["properties"] if "capability" in each["name"]]
    assert words == [{"name": "tidegate:capability:dutch", "value": "Evaluated"}]


def test_a_draft_is_for_people_with_a_role_and_is_kept_by_nobody(client, family, release_manager, stranger):
    draft = made(family, release_manager, public=False)
    for path in PATHS:
        assert client.get(url(draft, path)).status_code == 404
    client.force_login(stranger)
    assert client.get(url(draft, "spdx.json")).status_code == 404
    client.force_login(release_manager)
    answer = client.get(url(draft, "spdx.json"))
    assert answer.headers["Cache-Control"] == "private, no-store"
    found = check_spdx(answer.content)
    assert "ai" not in found["SpdxDocument"][0]["profileConformance"]
    check_cyclonedx(client.get(url(draft, "cyclonedx.json")).content)


def test_a_withdrawal_shows_at_once_and_points_to_no_files(client, family, release_manager):
    release = made(family, release_manager)
    before = client.get(url(release, "spdx.json"))
    reason = "A safeguard did not hold."
    later = {"stage": "withdrawn", "withdrawn_at": timezone.now(), "withdrawal_reason": reason}
    Release.objects.filter(pk=release.pk).update(**later)
    after = client.get(url(release, "spdx.json"), headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    (package,) = check_spdx(after.content)["ai_AIPackage"]
    assert package["supportLevel"] == ["noSupport"]
    assert reason in package["comment"]
    assert "/hf/" not in package["software_downloadLocation"]
    model = check_cyclonedx(client.get(url(release, "cyclonedx.json")).content)["metadata"]["component"]
    assert {"name": "tidegate:withdrawal-reason", "value": reason} in model["properties"]
    assert "distribution" not in {each["type"] for each in model["externalReferences"]}


def test_the_phase_it_is_in_and_that_support_has_ended(family, release_manager):
    release = made(family, release_manager)
    PhaseFactory(release=release, kind="internal", title="Secret phase", entered=True)
    assert b"Secret phase" not in exported(release, "cyclonedx") + exported(release, "spdx")
    old = made(family, release_manager, version="2.1")
    PhaseFactory(release=old, kind="end_of_support", entered=True)
    document, found = both(old)
    properties = {each["name"]: each["value"] for each in document["metadata"]["component"]["properties"]}
    assert properties["tidegate:phase"] == "End of support"
    (package,) = found["ai_AIPackage"]
    assert package["supportLevel"] == ["endOfSupport"]
    assert f"since {properties['tidegate:phase-since']}" in package["comment"]


def test_the_terms_are_linked_once_they_are_published(client, family, release_manager, settings):
    release = made(family, release_manager)
    assert "/terms/" not in exported(release, "cyclonedx").decode()
    UsageGuidelinesFactory(family=family, published=True)
    links = both(release)[0]["metadata"]["component"]["externalReferences"]
    (terms,) = [each["url"] for each in links if each["type"] == "other"]
    assert client.get(terms.removeprefix(settings.BASE_URL)).status_code == 200


@pytest.mark.parametrize(
    ("path", "media_type", "ending"),
    [
        ("card.md", "text/markdown; charset=utf-8", "-2.0-README.md"),
        ("cyclonedx.json", "application/vnd.cyclonedx+json; version=1.6", "-2.0.cdx.json"),
        ("spdx.json", "application/spdx3+json; version=3.0.1", "-2.0.spdx3.json"),
    ],
)
def test_the_answer_is_a_file_that_anybody_may_keep(client, family, release_manager, path, media_type, ending):
    release = made(family, release_manager, card=FULL_CARD, licence="")
    answer = client.get(url(release, path))
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{family.slug}{ending}"'
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get(url(release, path), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    name = {each.path: name for name, each in exchange.FORMATS.items()}[path]
    same = client.get(f"/api/v1/releases/{release.pk}/exports/{name}/", headers={"Accept": media_type})
    assert (same.content, same.headers["ETag"]) == (answer.content, answer.headers["ETag"])
    assert client.head(url(release, path)).headers["ETag"] == answer.headers["ETag"]


def test_the_addresses_in_it_lead_somewhere(client, family, release, settings):
    model = check_cyclonedx(exported(release, "cyclonedx"))["metadata"]["component"]
    links = {each["type"]: each["url"] for each in model["externalReferences"]}
    for kind in ("website", "model-card", "risk-assessment", "issue-tracker", "distribution"):
        assert links[kind].startswith(settings.BASE_URL)
        assert client.get(links[kind].removeprefix(settings.BASE_URL)).status_code == 200, kind


def test_the_language_of_the_reader_makes_no_difference(family, release_manager, monkeypatch):
    release = made(family, release_manager)
    spoken = []
    gather = exchange.facts_of
    monkeypatch.setattr(exchange, "facts_of", lambda row: (spoken.append(translation.get_language()), gather(row))[1])
    with translation.override("nl"):
        exported(release, "spdx")
    assert spoken == ["en"]


def test_an_unknown_format_is_not_found(client, release):
    assert client.get(url(release, "spdx.xml")).status_code == 404
    answer = client.get(f"/api/v1/releases/{release.pk}/exports/swid/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_release_page_links_the_three(client, family, release_manager):
    release = made(family, release_manager)
    content = client.get(release.get_absolute_url()).content.decode()
    for path in PATHS:
        assert f'href="{url(release, path)}"' in content


@pytest.mark.parametrize("count", [1, 25])
@pytest.mark.parametrize("path", ["cyclonedx.json", "spdx.json"])
def test_an_export_is_one_query_however_much_it_tells(
    client, family, release_manager, risk_owner, path, count, django_assert_num_queries
):
    draft = made(family, release_manager, card=FULL_CARD, licence="", public=False)
    for number in range(count):
        ArtifactFactory(release=draft, path=f"{number}.bin", created_by=release_manager)
        risk = RiskFactory(family=family, opened=True, owner=risk_owner)
        MitigationFactory(family=family, owner=risk_owner, risks=[risk])
    client.get(url(draft, path))
    with django_assert_num_queries(0):
        assert client.get("/static/none").status_code == 404
    Release.objects.filter(pk=draft.pk).update(stage="published", revision="c" * 40, published_at=timezone.now())
    with django_assert_num_queries(1):
        assert client.get(url(draft, path)).status_code == 200
    client.force_login(release_manager)
    with django_assert_num_queries(4):
        assert client.get(url(draft, path)).status_code == 200
