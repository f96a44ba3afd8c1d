from common.events import subscribe
from common.models import OutboxEvent
from incidents import services
from incidents.models import MisuseReport


@subscribe("incidents.report.received")
def tell_of_report(event: OutboxEvent) -> None:
    services.note_for_handlers(MisuseReport.objects.get(pk=event.object_id))


@subscribe("incidents.report.replied")
def tell_of_reply(event: OutboxEvent) -> None:
    services.note_for_handlers(MisuseReport.objects.get(pk=event.object_id))
