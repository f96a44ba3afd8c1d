import hashlib
import json

from registry.models import Release


def revision_of(release: Release) -> str:
    """The revision of ``release`` as it stands: 40 hexadecimal digits made from its card and its files.

    The same card and files always give the same revision, so a client that pinned it gets exactly these bytes.
    """
    card = release.cards.order_by("-number").values_list("sha256", flat=True).first()
    files = list(release.artifacts.order_by("path").values_list("path", "size", "sha256"))
    content = json.dumps([release.family_id, release.version, card, files], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:40]
