import re
from itertools import islice
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import FilteredRelation, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from access import services
from access.evaluator import Verdict, evaluate
from access.hub import answers, files
from accounts.authentication import user_of_token
from accounts.models import ApiToken, Scope
from common.prepared import Prepared, columns_of, instance
from registry.models import Artifact, ModelCard, ModelFamily, Publisher, Release
from registry.selectors import public_releases

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Answered(Exception):
    """The answer is known already; the view has nothing left to do."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def answered(view: Any) -> Any:
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Answered as known:
            return known.response

    return require_safe(wrapped)


@answered
def resolve(request: HttpRequest, publisher: str, family: str, revision: str, path: str) -> HttpResponseBase:
    """A file of a release, to those whose requirements are all met. The card is for everybody."""
    release, artifact = find(publisher, family, revision, path)
    if path == files.CARD and (card := files.card_of(release)) is not None:
        return _card(request, release, card)
    verdict, token = judged(request, release)
    if artifact is None:
        return answers.entry_not_found(release)
    if request.method == "HEAD":
        return files.noted(files.head(release, artifact.sha256, artifact.size), verdict)
    span = files.wanted_range(request, artifact.size)
    if span is None:
        return files.outside(artifact.size)
    services.record_download(
        verdict.grant,
        path=path,
        sha256=artifact.sha256,
        first_byte=span[0],
        size=span[1] - span[0] + 1,
        token_prefix=token.prefix,
    )
    return files.noted(files.send(release, artifact, span), verdict)


@answered
def auth_check(request: HttpRequest, publisher: str, family: str) -> HttpResponse:
    judged(request, find_release(publisher, family, "main"))
    return JsonResponse({"allowed": True}, headers={"Cache-Control": "no-store"})


@answered
def model_info(request: HttpRequest, publisher: str, family: str, revision: str = "main") -> HttpResponse:
    """What a release consists of. Public like its page; the bytes are what the gate is for."""
    release = find_release(publisher, family, revision)
    return JsonResponse(answers.model_info(release, files.listing(release)))


@answered
def tree(request: HttpRequest, publisher: str, family: str, revision: str, folder: str = "") -> HttpResponse:
    release = find_release(publisher, family, revision)
    prefix = f"{folder.strip('/')}/" if folder else ""
    return JsonResponse(
        [entry for entry in files.listing(release) if str(entry["path"]).startswith(prefix)], safe=False
    )


@answered
def whoami(request: HttpRequest) -> HttpResponse:
    found = token_of(request)
    if found is None:
        return answers.bad_token()
    user, token = found
    access = {"displayName": token.name, "role": "read"}
    body = {"type": "user", "id": str(user.pk), "name": str(user), "fullname": str(user), "orgs": []}
    return JsonResponse({**body, "auth": {"type": "access_token", "accessToken": access}})


@answered
def unknown(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Clients probe for things we do not have; the answer must be 404 and nothing else."""
    return answers.repo_not_found()


_RELEASE, _FAMILY = columns_of(Release), columns_of(ModelFamily, "family__")
_PUBLISHER, _ARTIFACT = columns_of(Publisher, "family__publisher__"), columns_of(Artifact, "wanted__")


def _with_file(publisher: str, family: str, path: str, **named: str) -> QuerySet[Release]:
    """Public releases of a family, the current one first, each with its file at ``path`` if it has one."""
    wanted = FilteredRelation("artifacts", condition=Q(artifacts__path=path))
    return public_releases(publisher, family).filter(**named).annotate(wanted=wanted)[:1]


_BY: dict[tuple[str, ...], Prepared] = {
    names: Prepared(
        _with_file,
        [*_RELEASE, *_FAMILY, *_PUBLISHER, *_ARTIFACT],
        **dict.fromkeys(("publisher", "family", "path", *names), str),
    )
    for names in ((), ("version",), ("revision",))
}


def find(publisher: str, family: str, revision: str, path: str = "") -> tuple[Release, Artifact | None]:
    """The release that a revision names, with its file at ``path``. ``main`` is the latest published release,
    anything else a version or a commit. One query; a second one to say what does not exist."""
    named = _named(revision)
    rows = _BY[tuple(named)].rows(publisher=publisher, family=family, path=path, **named)
    if not rows:
        known = revision != "main" and public_releases(publisher, family).exists()
        raise Answered(answers.revision_not_found() if known else answers.repo_not_found())
    values = iter(rows[0])
    release = instance(Release, tuple(islice(values, len(_RELEASE))))
    release.family = instance(ModelFamily, tuple(islice(values, len(_FAMILY))))
    release.family.publisher = instance(Publisher, tuple(islice(values, len(_PUBLISHER))))
    file = tuple(values)
    if release.stage != Release.Stage.PUBLISHED:
        raise Answered(answers.disabled())
    return release, instance(Artifact, file) if file[0] is not None else None


def find_release(publisher: str, family: str, revision: str) -> Release:
    return find(publisher, family, revision)[0]


def judged(request: HttpRequest, release: Release) -> tuple[Verdict, ApiToken]:
    """The verdict, if the gate is open to whoever asks; the refusal otherwise. Sessions do not count here."""
    found = token_of(request)
    user: Any = found[0] if found else AnonymousUser()
    if found and Scope.DOWNLOAD not in found[1].scopes:
        raise Answered(answers.missing_scope(release))
    verdict = evaluate(user, release)
    if found is None or not verdict.allowed:
        raise Answered(answers.gated(verdict))
    return verdict, found[1]


def token_of(request: HttpRequest) -> tuple[Any, ApiToken] | None:
    """Who asks; None without a token. A token that is wrong, ended or revoked is refused as such."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        return None
    found = user_of_token(value.strip())
    if found is None:
        raise Answered(answers.bad_token())
    return found


def _named(revision: str) -> dict[str, str]:
    if revision == "main":
        return {}
    return {"revision": revision} if _COMMIT.fullmatch(revision) else {"version": revision}


def _card(request: HttpRequest, release: Release, card: ModelCard) -> HttpResponse:
    """The card of record. A later correction is announced as RFC 5829 has it, and read on the page of the release."""
    content = card.source.encode()
    if request.method == "HEAD":
        return files.head(release, card.sha256, len(content))
    known = files.headers(release, card.sha256, len(content))
    if release.cards.filter(number__gt=card.number).exists():
        names = [release.family.publisher.slug, release.family.slug, release.version]
        known["Link"] = f'<{reverse("registry:card_source", args=names)}>; rel="latest-version"'
    return HttpResponse(content, content_type="text/markdown; charset=utf-8", headers=known)
