"""What a publisher hides of its risks is hidden everywhere, and nothing else tells it."""

import datetime as dt
import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pypdf
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from common import audit, jobs
from common.lifecycle import Refused, Stale
from registry import exchange, services, visibility
from registry.models import Publisher, Risk
from reports import packages
from reports import services as reports
from reports.models import SafetyReport
from reports.scope import Period, Scope
from tests.factories.registry import (
    MitigationFactory,
    ObjectiveFactory,
    ReleaseFactory,
    RiskAcceptanceFactory,
    RiskFactory,
    TermFactory,
)

pytestmark = pytest.mark.django_db

# What gives a field away on some page, in some file or answer. Levels are given away by the words of the scale and
# by the score, which no other level here has.
MARKS = {
    "harm": "zzharm",
    "cause": "zzcause",
    "event": "zzevent",
    "consequence": "zzconsequence",
    "affected": "zzaffected",
    "objectives": "zzobjective",
    "terms": "zzterm",
    "inherent": "Almost certain × Severe",
    "residual": "Unlikely × Major",
    "current": "<span>8</span>",
    "target": "Rare × Minor",
    "confidence": "<dt>Confidence</dt>",
    "treatment": "<dt>Treatment</dt>",
    "acceptance": "Accepted until",
    "mitigations": "zzmitigation",
    "review": "Look again by",
    "owner": "Zzowner",
}
IN_TEXT = [name for name, mark in MARKS.items() if mark.lower().startswith("zz")]
LATER = 60


@pytest.fixture
def risk(family, release, risk_owner):
    """A risk that has something in every field, and a worse one, so that an order would tell."""
    User.objects.filter(pk=risk_owner.pk).update(display_name="Zzowner")
    term, objective = TermFactory(name="zzterm"), ObjectiveFactory(family=family, title="zzobjective")
    found = RiskFactory(
        family=family,
        number=1,
        opened=True,
        owner=risk_owner,
        title="zztitle",
        **{name: f"zz{name}" for name in ("harm", "cause", "event", "consequence", "affected")},
        inherent_likelihood=5,
        inherent_severity=5,
        residual_likelihood=2,
        residual_severity=4,
        target_likelihood=1,
        target_severity=2,
        confidence="low",
        treatment="transfer",
        reviewed_at=timezone.now(),
        review_due_on=timezone.localdate() + timedelta(days=LATER),
    )
    found.objectives.add(objective)
    found.terms.add(term)
    MitigationFactory(family=family, owner=risk_owner, risks=[found], title="zzmitigation")
    RiskFactory(
        family=family, number=2, opened=True, owner=risk_owner, residual_likelihood=5, residual_severity=5, title="two"
    )
    RiskAcceptanceFactory(risk=found, ends_on=timezone.localdate() + timedelta(days=LATER))
    return found


def show(publisher, *fields):
    Publisher.objects.filter(pk=publisher.pk).update(public_risk_fields=list(fields))


def places(client, risk, release):
    """Everything that somebody without a role can read of the risk, as text, by where it stands."""
    family = risk.family
    names = [family.publisher.slug, family.slug]
    found = {
        "model page": family.get_absolute_url(),
        "list of models": reverse("registry:models"),
        "risks": reverse("registry:family_risks", args=names),
        "risk": reverse("registry:public_risk", args=[*names, risk.number]),
        "feed": reverse("registry:risk_feed", args=names),
        "JSON feed": reverse("registry:risk_json_feed", args=names),
        **{f"file {form}": reverse("registry:family_risks_export", args=[*names, form]) for form in ("csv", "json")},
        "search": reverse("registry:search") + "?q=zztitle",
        "API list": reverse("api:risk-list"),
        "API detail": reverse("api:risk-detail", args=[risk.pk]),
        "API matrix": reverse("api:risk-matrix"),
        "API heat": reverse("api:risk-heat"),
        "API export": reverse("api:risk-export") + "?file=json",
        "API mitigations": reverse("api:mitigation-list"),
        "release": release.get_absolute_url(),
        **{
            f"export {path}": reverse("registry:release_export", args=[*names, release.version, path])
            for path in exchange.BY_PATH
        },
    }
    texts = {}
    for place, url in found.items():
        response = client.get(url)
        assert response.status_code == 200, place
        texts[place] = response.getvalue().decode()
    archive, _manifest, _fingerprint = packages.build(packages.told(type(release).objects.filter(pk=release.pk)).get())
    with zipfile.ZipFile(BytesIO(archive)) as package:
        texts |= {f"package {name}": package.read(name).decode() for name in package.namelist()}
    return texts


def test_every_field_shows_where_it_is_to_show(client, family, release, risk, publisher):
    """Else the next test could not fail."""
    show(publisher, *visibility.ALL)
    everything = "\n".join(places(client, risk, release).values())
    assert {name for name, mark in MARKS.items() if mark not in everything} == set()


def test_the_json_feed_is_one_and_tells_what_is_shown(client, risk, publisher, django_assert_max_num_queries):
    """The rules of https://jsonfeed.org/version/1.1: what has to be there, and in which form."""
    address = reverse("registry:risk_json_feed", args=[publisher.slug, risk.family.slug])
    RiskFactory(family=risk.family, number=3, is_public=False, title="not for all")
    show(publisher, "harm", "current")
    with django_assert_max_num_queries(4):
        answer = client.get(address)
    assert answer["Content-Type"] == "application/feed+json"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"].endswith(address)
    assert {item["title"][:3] for item in feed["items"]} == {"R-1", "R-2"}
    [first] = [item for item in feed["items"] if item["title"].startswith("R-1")]
    assert first["id"] == first["url"]
    assert first["url"].endswith("/risks/R-1/")
    assert (first["content_text"], first["tags"]) == ("zzharm", ["Open", "Moderate"])
    assert dt.datetime.fromisoformat(first["date_published"]).tzinfo
    assert dt.datetime.fromisoformat(first["date_modified"]).tzinfo
    show(publisher)
    [first] = [item for item in client.get(address).json()["items"] if item["title"].startswith("R-1")]
    assert (first["content_text"], first["tags"]) == (first["title"], ["Open"])
    Publisher.objects.filter(pk=publisher.pk).update(public_risk_fields=["harm"])
    atom = client.get(reverse("registry:risk_feed", args=[publisher.slug, risk.family.slug])).content.decode()
    assert all(item["url"] in atom for item in feed["items"])


@pytest.mark.parametrize("field", visibility.FIELDS)
@pytest.mark.parametrize("who", ["anonymous", "researcher", "stranger"])
def test_a_hidden_field_is_nowhere(client, family, release, risk, publisher, request, field, who):
    # What counts now is the level after mitigation: the page where one chooses says that one hides both or neither.
    show(publisher, *(visibility.ALL - ({"residual", "current"} if field in {"residual", "current"} else {field})))
    if who != "anonymous":
        client.force_login(request.getfixturevalue(who))
    texts = places(client, risk, release)
    # The objective itself, which is to be evaluated, is no secret, only that the risk threatens it.
    places_of_it = {place for place, text in texts.items() if MARKS[field] in text}
    assert {place for place in places_of_it if field != "objectives" or "evaluation" not in place} == set()
    row = json.loads(texts["API detail"])
    assert row == next(each for each in json.loads(texts["API list"])["results"] if each["id"] == risk.pk)
    named = {"owner": "owner_name", "review": "review_due_on"}.get(field, field)
    # What the API tells at an address of its own has no name here.
    if field not in {"terms", "acceptance", "mitigations"} or named in row:
        assert row[named] is None
    assert row["owner"] is None
    assert row["deputy"] is None


@pytest.mark.parametrize("field", IN_TEXT)
def test_hidden_words_are_not_found(client, family, release, risk, publisher, risk_owner, field):
    searched = field in {"harm", "cause", "event", "consequence", "affected"}
    search, api = reverse("registry:search"), reverse("api:risk-list")

    def found(hidden):
        show(publisher, *(visibility.ALL - hidden))
        page = client.get(search, {"q": MARKS[field]}).context["risks"]
        rows = client.get(api, {"search": f"zztitle {MARKS[field]}"}).json()["results"]
        assert len(page) == len(rows)
        return bool(rows)

    assert found(set()) == searched
    assert not found({field})
    client.force_login(risk_owner)
    assert found({field}) == searched


def test_every_publisher_has_its_own_rule(client, family, risk, risk_owner, researcher):
    """One search over risks of publishers that show different fields, and of one's own."""
    elsewhere = ReleaseFactory(published=True).family
    theirs = RiskFactory(family=elsewhere, opened=True, title="zztitle", cause="zzcause", affected="zzaffected")
    show(family.publisher, "harm", "affected")
    show(elsewhere.publisher, "cause", "event", "consequence", "current")

    def found(words):
        rows = client.get(reverse("api:risk-list"), {"search": words}).json()["results"]
        page = client.get(reverse("registry:search"), {"q": words}).context["risks"]
        assert {row["id"] for row in rows} == {each.pk for each in page}
        return {row["id"] for row in rows}

    for who in (None, researcher):
        if who:
            client.force_login(who)
        assert found("zztitle") == {risk.pk, theirs.pk}
        assert found("zzcause") == found("zztitle zzcause") == {theirs.pk}
        assert found("zzaffected") == {risk.pk}
        assert found("zzharm zzcause") == set()
    client.force_login(risk_owner)
    assert found("zzcause") == {risk.pk, theirs.pk}
    assert found("zzaffected") == {risk.pk}
    # Where one level is hidden and the other not, the hidden one stands last, however bad it is.
    Risk.objects.filter(pk=risk.pk).update(residual_likelihood=5, residual_severity=5)
    client.force_login(researcher)
    page = client.get(reverse("registry:search"), {"q": "zztitle"}).context["risks"]
    assert [each.pk for each in page] == [theirs.pk, risk.pk]
    rows = client.get(reverse("api:risk-list"), {"ordering": "-urgency"}).json()["results"]
    assert [row["id"] for row in rows] == [theirs.pk]


def test_no_filter_tells_what_is_hidden(client, risk, publisher, researcher, risk_owner, time_machine):
    objective, term = risk.objectives.get(), risk.terms.get()
    asked = {
        "current": [{"band": "moderate"}, {"likelihood": 2}, {"severity": 4}, {"scale": risk.scale_id}],
        "inherent": [{"inherent_likelihood": 5}, {"inherent_severity": 5}],
        "treatment": [{"treatment": "transfer"}],
        "objectives": [{"objectives": objective.pk}],
        "terms": [{"term": term.pk}],
        "mitigations": [{"overdue": "mitigation"}],
        "review": [{"overdue": "review"}],
        "acceptance": [{"overdue": "acceptance"}],
    }
    # Everything about it is late by then.
    time_machine.move_to(timezone.now() + timedelta(days=LATER + 2))

    def found(query):
        return risk.pk in {row["id"] for row in client.get(reverse("api:risk-list"), query).json()["results"]}

    for field, queries in asked.items():
        for query in queries:
            client.force_login(researcher)
            show(publisher, *visibility.ALL)
            assert found(query), query
            show(publisher, *(visibility.ALL - {field}))
            assert not found(query), query
            client.force_login(risk_owner)
            assert found(query), query


def test_no_order_tells_a_hidden_level(client, family, risk, publisher, researcher, risk_owner):
    names = [family.publisher.slug, family.slug]
    show(publisher, *(visibility.ALL - {"current"}))

    def order(url, key="page", **query):
        return [each.number for each in client.get(url, query).context[key]]

    # The second is worse.
    assert order(reverse("registry:family_risks", args=names)) == [1, 2]
    assert order(family.get_absolute_url(), "risks") == [1, 2]
    assert client.get(reverse("registry:models")).context["page"].rows[0].worst is None
    rows = client.get(reverse("api:risk-list"), {"ordering": "-urgency"}).json()["results"]
    assert rows == []
    narrowed = client.get(reverse("registry:family_risks", args=names), {"band": "critical", "likelihood": 5})
    assert len(narrowed.context["page"]) == 2
    show(publisher, *visibility.ALL)
    assert order(reverse("registry:family_risks", args=names)) == [2, 1]
    assert order(family.get_absolute_url(), "risks") == [2, 1]
    rows = client.get(reverse("api:risk-list"), {"ordering": "-urgency"}).json()["results"]
    assert [row["number"] for row in rows] == [2, 1]


def test_search_puts_the_worst_first_only_as_far_as_one_may_know(client, risk, publisher, risk_owner):
    url = reverse("registry:search")

    def order():
        return [each.number for each in client.get(url, {"q": "R-1"}).context["risks"]]

    assert order() == [1]
    Risk.objects.update(title="zztitle")
    for fields, expected in (((), [1, 2]), (("current",), [2, 1])):
        show(publisher, *fields)
        assert [each.number for each in client.get(url, {"q": "zztitle"}).context["risks"]] == expected
    show(publisher)
    client.force_login(risk_owner)
    assert [each.number for each in client.get(url, {"q": "zztitle"}).context["risks"]] == [2, 1]


def test_whoever_holds_a_role_sees_all(client, risk, publisher, reviewer):
    show(publisher)
    client.force_login(reviewer)
    row = client.get(reverse("api:risk-detail", args=[risk.pk])).json()
    assert row["harm"] == "zzharm"
    assert row["current"]["band"] == "moderate"
    assert row["owner_name"] == "Zzowner"
    assert risk.get_absolute_url() == row["url"]


def test_a_report_says_what_everybody_may_see(risk, publisher, family, release, auditor):
    Risk.objects.update(created_at=timezone.now() - timedelta(days=5))
    today = timezone.now().date()
    period = Period(today - timedelta(days=3), today + timedelta(days=1))
    show(publisher, "residual")
    made = reports.request_report(Scope(family=family), period, actor=auditor)
    jobs.run(made.job_id)
    report = SafetyReport.objects.get(pk=made.pk)
    assert [each["reference"] for each in report.data["risks"]] == ["R-1", "R-2"]
    for each in report.data["risks"]:
        assert (each["before_mitigation"], each["now"], each["mitigations"]) == (None, None, None)
    assert report.data["heat"] is None
    for when in ("figures", "before"):
        counted = {name for name, figure in report.data[when].items() if figure["value"] is not None}
        assert not [name for name in counted if name.startswith(("risks.current.", "risks.inherent."))]
    with report.pdf.open() as file:
        text = " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(file.read())).pages)
    assert "zztitle" in text
    chapter = text[text.rindex("Newly open") :]
    assert "not reassessed" not in text
    assert "Critical risk R-2" not in text
    assert "Measures done" not in chapter


def test_only_release_managers_choose_what_is_shown(publisher, risk_owner, administrator, release_manager):
    for actor in (risk_owner, administrator):
        with pytest.raises(PermissionDenied):
            services.set_public_risk_fields(publisher, actor=actor, fields=["harm"])
    with pytest.raises(Refused):
        services.set_public_risk_fields(publisher, actor=release_manager, fields=["harm", "number"])
    before = publisher.public_risk_fields
    changed = services.set_public_risk_fields(publisher, actor=release_manager, fields=["owner", "harm"])
    assert changed.public_risk_fields == ["harm", "owner"]
    event = audit.trail(publisher).first()
    assert (event.verb, event.before) == (
        "registry.publisher.set_public_risk_fields",
        {"public_risk_fields": before},
    )
    with pytest.raises(Stale):
        services.set_public_risk_fields(publisher, actor=release_manager, fields=[], expected_version=1)


def test_the_page_asks_again_and_says_what_becomes_visible_and_hidden(client, publisher, release_manager):
    url = reverse("registry:public_risk_fields", args=[publisher.pk])
    client.force_login(release_manager)
    given = {"public_risk_fields": ["harm", "owner"], "row_version": publisher.row_version}
    asked = client.post(url, given)
    assert asked.status_code == 200
    assert [str(each) for each in asked.context["shows"]] == ["The risk owner&#x27;s name".replace("&#x27;", "'")]
    assert "Level that counts now" in {str(each) for each in asked.context["hides"]}
    assert Publisher.objects.get().public_risk_fields != ["harm", "owner"]
    assert client.post(url, given | {"confirm": "yes"}).status_code == 302
    assert Publisher.objects.get().public_risk_fields == ["harm", "owner"]
    # The second writer is told, and keeps what was chosen.
    stale = client.post(url, {"public_risk_fields": ["event"], "row_version": 1, "confirm": "yes"})
    assert stale.status_code == 422
    assert stale.context["form"]["public_risk_fields"].value() == ["event"]


def test_the_api_sets_what_is_shown(client, publisher, release_manager):
    url = reverse("api:publisher-public-risk-fields", args=[publisher.pk])
    client.force_login(release_manager)

    def put(fields, tag):
        return client.put(
            url, {"public_risk_fields": fields}, content_type="application/json", headers={"If-Match": tag}
        )

    first = client.get(url).headers["ETag"]
    answer = put(["owner", "harm"], first)
    assert answer.json() == {"public_risk_fields": ["harm", "owner"]}
    assert client.get(url).json() == {"public_risk_fields": ["harm", "owner"]}
    assert put(["x"], answer.headers["ETag"]).status_code == 400
    assert put([], first).status_code == 412
    assert client.put(url, {"public_risk_fields": []}, content_type="application/json").status_code == 428
