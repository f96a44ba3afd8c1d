from incidents import receipts, services
from tests.factories.governance import DecisionFactory
from tests.factories.incidents import IncidentFactory, MisuseReportFactory, ReportAttachmentFactory
from tests.matrix import API_SIGNED_IN, Route, Rule, api_only, everybody, only, route

READERS = ("release_manager", "reviewer", "incident_handler", "auditor")
INCIDENT_READERS = (*READERS, "risk_owner")
SECRET = "0123456789ABCDEFGHJK"


def build(w):
    w.misuse = MisuseReportFactory(family=w.family, secret=SECRET)
    w.misuse_file = ReportAttachmentFactory(report=w.misuse)
    judged = MisuseReportFactory(family=w.family)
    w.judged = services.triage_report(judged, actor=w.incident_handler, severity="low", owner=w.incident_handler)
    w.done = MisuseReportFactory(family=w.family, closed=True)
    w.incident = IncidentFactory(families=[w.family], owner=w.incident_handler)
    w.linked = IncidentFactory(families=[w.family])
    services.link_report(w.linked, w.judged, actor=w.incident_handler)
    w.incident_decision = DecisionFactory(family=w.family)


def handlers(status: int = 302, readers: tuple[str, ...] = READERS) -> Rule:
    """What the handler of the model gets; its other readers are refused, for the rest it does not exist."""
    refused = [role for role in readers if role != "incident_handler"]
    return only("incident_handler", status=status, others=404) | dict.fromkeys(refused, 403)


def api_handlers(status: int = 200, readers: tuple[str, ...] = READERS) -> Rule:
    return handlers(status, readers) | {"anonymous": 401}


# Whoever holds such a role anywhere has the place; what is in it differs.
def places(*roles: str) -> Rule:
    return only(*roles, "stranger")


ON_REPORT = lambda w: [w.misuse.pk]  # noqa: E731
ON_JUDGED = lambda w: [w.judged.pk]  # noqa: E731
ON_INCIDENT = lambda w: [w.incident.pk]  # noqa: E731
JUDGEMENT = lambda w: {"severity": "high", "owner": w.incident_handler.pk, "row_version": 1}  # noqa: E731
FILED = lambda w: {"model": "x", "category": "fraud", "what_happened": "Something that somebody saw."}  # noqa: E731
RECEIPT = lambda w: {"receipt": receipts.Receipt(w.misuse.locator, SECRET).text, "body": "More."}  # noqa: E731
OPENED = lambda w: {"title": "Letters", "severity": "low", "families": [w.family.pk]}  # noqa: E731

ROUTES: dict[str, Route] = {
    # For everybody, with or without an account, and the same for all.
    "incidents:report": route(get=everybody(200), post=everybody(302), body=FILED),
    "incidents:report_sent": route(get=everybody(200), post=everybody(200)),
    "incidents:report_track": route(get=everybody(200), post=everybody(302), body=RECEIPT),
    "incidents:report_messages": route(post=everybody(302)),
    "incidents:report_leave": route(post=everybody(302)),
    "api:misuse-report-track": route(post=everybody(200), body=RECEIPT),
    "api:misuse-report-track-messages": route(post=everybody(201), body=RECEIPT),
    # Reports.
    "incidents:misuse_list": route(get=places(*READERS)),
    "incidents:misuse_report": route(args=ON_REPORT, get=only(*READERS, others=404)),
    "incidents:misuse_triage": route(args=ON_REPORT, post=handlers(), body=JUDGEMENT),
    "incidents:misuse_match": route(
        args=ON_REPORT, get=handlers(200), post=handlers(), body=lambda w: {"release": w.release.pk}
    ),
    "incidents:misuse_answers": route(args=ON_JUDGED, post=handlers(), body=lambda w: {"body": "Thank you."}),
    "incidents:misuse_notes": route(args=ON_REPORT, post=handlers(), body=lambda w: {"body": "A note."}),
    "incidents:misuse_closure": route(
        args=ON_REPORT, post=handlers(), body=lambda w: {"reason": "spam", "body": "It is none."}
    ),
    "incidents:misuse_reopening": route(
        args=lambda w: [w.done.pk], post=handlers(), body=lambda w: {"reason": "It is back."}
    ),
    "incidents:misuse_contact": route(args=ON_REPORT, post=handlers()),
    "incidents:misuse_attachment": route(
        args=lambda w: [w.misuse.pk, w.misuse_file.pk], get=only(*READERS, others=404)
    ),
    "api:misuse-report-list": route(get=API_SIGNED_IN, post=everybody(201), body=FILED),
    "api:misuse-report-detail": route(args=ON_REPORT, get=api_only(*READERS, others=404)),
    "api:misuse-report-triage": route(args=ON_REPORT, put=api_handlers(), body=JUDGEMENT),
    "api:misuse-report-model": route(args=ON_REPORT, put=api_handlers(), body=lambda w: {"family": w.family.pk}),
    "api:misuse-report-messages": route(
        args=ON_REPORT, post=api_handlers(201), body=lambda w: {"visibility": "internal", "body": "A note."}
    ),
    "api:misuse-report-closure": route(
        args=ON_REPORT, post=api_handlers(201), body=lambda w: {"reason": "spam", "body": "It is none."}
    ),
    "api:misuse-report-reopening": route(
        args=lambda w: [w.done.pk], post=api_handlers(201), body=lambda w: {"reason": "It is back."}
    ),
    "api:misuse-report-contact": route(args=ON_REPORT, post=api_handlers(409)),
    "api:misuse-report-attachments": route(
        args=lambda w: [w.misuse.pk, w.misuse_file.pk], get=api_only(*READERS, others=404)
    ),
    # Incidents.
    "incidents:incident_list": route(get=places(*INCIDENT_READERS)),
    "incidents:incident_new": route(
        get=places("incident_handler"),
        post=only("incident_handler", status=302) | {"stranger": 422},
        body=OPENED,
    ),
    "incidents:incident": route(args=ON_INCIDENT, get=only(*INCIDENT_READERS, others=404)),
    "incidents:incident_edit": route(
        args=ON_INCIDENT,
        get=handlers(200, INCIDENT_READERS),
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: OPENED(w) | {"row_version": 1},
    ),
    "incidents:incident_moves": route(
        args=ON_INCIDENT,
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: {"move": "contain", "reason": "Blocked."},
    ),
    "incidents:incident_lessons": route(
        args=ON_INCIDENT,
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: {"lessons": "Test it.", "row_version": 1},
    ),
    "incidents:incident_reports": route(
        args=ON_INCIDENT,
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: {"reference": w.misuse.reference},
    ),
    "incidents:incident_unlinking": route(
        args=lambda w: [w.linked.pk, w.judged.pk],
        post=handlers(readers=INCIDENT_READERS) | {"risk_owner": 404},
    ),
    "incidents:incident_decisions": route(
        args=ON_INCIDENT,
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: {"reference": w.incident_decision.reference},
    ),
    "incidents:incident_risks": route(
        args=ON_INCIDENT,
        post=handlers(readers=INCIDENT_READERS),
        body=lambda w: {"family": w.family.pk, "title": "It could happen again"},
    ),
    "api:incident-risks": route(
        args=ON_INCIDENT,
        post=api_handlers(201, INCIDENT_READERS),
        body=lambda w: {"family": w.family.pk, "title": "It could happen again"},
    ),
    "api:incident-list": route(
        get=API_SIGNED_IN,
        post=api_only("incident_handler", status=201),
        body=OPENED,
    ),
    "api:incident-detail": route(
        args=ON_INCIDENT,
        get=api_only(*INCIDENT_READERS, others=404),
        patch=api_handlers(readers=INCIDENT_READERS),
        body=lambda w: {"title": "Another title"},
    ),
    "api:incident-moves": route(
        args=ON_INCIDENT,
        post=api_handlers(201, INCIDENT_READERS),
        body=lambda w: {"move": "contain", "reason": "Blocked."},
    ),
    "api:incident-lessons": route(
        args=ON_INCIDENT, put=api_handlers(readers=INCIDENT_READERS), body=lambda w: {"lessons": "Test it."}
    ),
    "api:incident-reports": route(
        args=ON_INCIDENT,
        post=api_handlers(201, INCIDENT_READERS) | {"risk_owner": 400},
        body=lambda w: {"report": w.misuse.pk},
    ),
    "api:incident-unlinking": route(
        args=lambda w: [w.linked.pk, w.judged.pk], delete=api_handlers(204, INCIDENT_READERS) | {"risk_owner": 204}
    ),
    "api:incident-decisions": route(
        args=ON_INCIDENT,
        post=api_handlers(201, INCIDENT_READERS),
        body=lambda w: {"decision": w.incident_decision.pk},
    ),
}
