from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from accounts.roles import Role
from common.panels import panel
from common.workspace import entry
from registry import guidelines, selectors
from registry.models import Publisher, Release, Risk


@panel("registry.family", template="registry/panel_guidelines_family.html", order=10)
def rules_of_family(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    """What one must and must not do, before anything else; nothing where no guidelines are published."""
    document = selectors.rules_in_force(getattr(family, "rules_in_force", None))
    if document is None:
        return None
    url = reverse("registry:guidelines", args=[family.publisher.slug, family.slug])
    lists = guidelines.terms(guidelines.effective(document))
    return {"family": family, "guidelines_url": url, "places": document.guidelines.differs, **lists}


@panel("registry.release_page", template="registry/panel_guidelines_release.html", order=40)
def work_with_release(request: HttpRequest, release: Any) -> dict[str, Any]:
    """Where the page of a release leads on to: its terms, and what a team that builds on it can take away."""
    return {"release": release, "family": release.family}


@panel("registry.family", template="registry/panel_disclosure.html", order=20)
def family_disclosure(request: HttpRequest, family: Any) -> dict[str, Any] | None:
    """Where the public page leads on to: objectives, safeguards, training data, each with how it stands.

    The page reads the figures in its own query; where they were not read there is nothing to say.
    """
    if not hasattr(family, "disclosure"):
        return None
    return {"family": family, **selectors.disclosure_figures(family.disclosure)}


@panel("registry.release", template="registry/panel_reviews.html", order=30)
def release_reviews(request: HttpRequest, release: Any) -> dict[str, Any] | None:
    """Which reviews the publisher asks for, and how far they are; one query."""
    needs = [need for need in selectors.review_needs(release) if need.required or need.last or need.running]
    return {"release": release, "needs": needs}


@entry(
    "risks",
    label=_("Risks"),
    url="registry:risks",
    icon="triangle-alert",
    order=40,
    empty=_("No risk of yours lacks an assessment or a look, no mitigation is late, no stub or unowned draft waits."),
)
def risks_waiting(user: Any) -> QuerySet[Risk] | None:
    return selectors.waiting_risks(user) if scopes(user).any() else None


@entry(
    "judging",
    label=_("Second opinions"),
    url="registry:judging",
    icon="users",
    order=42,
    empty=_("No lower score waits for you, and you are not asked to accept a risk."),
)
def judging_waiting(user: Any) -> QuerySet[Risk] | None:
    """For everybody with a role: any may be asked to accept, as the scale says."""
    return selectors.waiting_judging(user) if scopes(user).any() else None


@entry(
    "releases",
    label=_("Releases"),
    url="registry:releases",
    icon="package",
    order=50,
    empty=_("No draft waits, and no phase of a plan that you decide on has come."),
)
def releases_waiting(user: Any) -> QuerySet[Release] | None:
    """Drafts for the release manager, phases whose day has come for whoever decides on them; for everybody else with a
    role the place without a count."""
    held = scopes(user)
    if not held.any():
        return None
    if not held.any(Role.RELEASE_MANAGER, Role.REVIEWER):
        return Release.objects.none()
    return selectors.waiting_releases(user).select_related("family__publisher")


@entry("people", label=_("People and roles"), url="registry:people_index", icon="users", order=80)
def people_waiting(user: Any) -> QuerySet[Publisher] | None:
    """A place without a count, for administrators."""
    return Publisher.objects.none() if scopes(user).any(Role.ADMINISTRATOR) else None
