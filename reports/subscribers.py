"""What this app does when it hears of something."""

from accounts.services import service_account
from common.events import subscribe
from common.models import OutboxEvent
from registry.models import Release
from reports import services


@subscribe("registry.release.published")
def make_package(event: OutboxEvent) -> None:
    """Whoever gets the weights of a release finds its package without anybody having to think of it."""
    release = Release.objects.filter(pk=event.object_id).first()
    if release is not None:
        services.package_published_release(release, actor=service_account("Report worker"))
