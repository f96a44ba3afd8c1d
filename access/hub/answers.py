"""What the gate answers, in the words and headers that huggingface_hub turns into its exceptions."""

import unicodedata
from typing import Any

from django.conf import settings
from django.http import JsonResponse
from django.utils.translation import gettext as _

from access.evaluator import Verdict
from registry.models import Release

DISABLED = "Access to this resource is disabled."
_PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "·": "-"})


def header_text(words: str, limit: int = 1500) -> str:
    """``words`` as an HTTP header can carry them: one line of ASCII."""
    plain = unicodedata.normalize("NFKD", words.translate(_PLAIN)).encode("ascii", "ignore").decode()
    return " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())[:limit]


def error(status: int, code: str, words: str, **headers: str) -> JsonResponse:
    """``words`` for a person and ``code`` for the client; a ``HEAD`` has only the headers."""
    response = JsonResponse({"error": header_text(words)}, status=status, headers=headers)
    if code:
        response.headers["X-Error-Code"] = code
    response.headers["X-Error-Message"] = header_text(words)
    response.headers["Cache-Control"] = "no-store"
    return response


def repo_not_found() -> JsonResponse:
    return error(404, "RepoNotFound", _("There is no such model here."))


def revision_not_found() -> JsonResponse:
    return error(404, "RevisionNotFound", _("This model has no such published release."))


def entry_not_found(release: Release) -> JsonResponse:
    return error(404, "EntryNotFound", _("This release has no such file."), **{"X-Repo-Commit": release.revision})


def bad_token() -> JsonResponse:
    """The client shows these words instead of guessing that the repository does not exist."""
    return error(401, "", "Invalid credentials in Authorization header")


def disabled() -> JsonResponse:
    """Withdrawn. The client knows this state only by these exact words."""
    return error(403, "", DISABLED)


def missing_scope(release: Release) -> JsonResponse:
    words = (
        _("This token may not download. Make one with the scope “download” at %s")
        % f"{settings.BASE_URL}/account/tokens/"
    )
    return error(403, "GatedRepo", f"{release.family.repo_id}: {words}")


def gated(verdict: Verdict) -> JsonResponse:
    """Refused: every unmet requirement, where to do something about it, and whom to ask.

    401 without a token and 403 with one, as the Hub does; the code makes both ``GatedRepoError``.
    """
    anonymous = not getattr(verdict.user, "is_authenticated", False)
    return error(401 if anonymous else 403, "GatedRepo", refusal(verdict))


def refusal(verdict: Verdict) -> str:
    parts = [_("Access to %s is closed to you.") % f"{verdict.release.family.repo_id} {verdict.release.version}"]
    for requirement in verdict.unmet:
        where = f" {settings.BASE_URL}{requirement.next_action_url}" if requirement.next_action_url else ""
        parts.append(f"{requirement.text}{where}")
    if verdict.support_channel:
        parts.append(_("Help: %s") % verdict.support_channel)
    return " ".join(parts)


def model_info(release: Release, files: list[dict[str, Any]]) -> dict[str, Any]:
    """A release as the client's ``ModelInfo`` reads it."""
    tags = [f"license:{release.licence}"] if release.licence else []
    published = release.published_at.strftime("%Y-%m-%dT%H:%M:%S.000Z") if release.published_at else None
    return {
        "_id": f"release-{release.pk}",
        "id": release.family.repo_id,
        "modelId": release.family.repo_id,
        "author": release.family.publisher.slug,
        "sha": release.revision,
        "lastModified": published,
        "createdAt": published,
        "gated": "manual",
        "private": False,
        "disabled": False,
        "tags": [*tags, *release.languages],
        "siblings": [{"rfilename": entry["path"]} for entry in files],
        "usedStorage": sum(entry["size"] for entry in files),
    }
