from incidents.services.filing import Filed, file_report, find_by_receipt, keep_receipt, reply_as_reporter, was_filed
from incidents.services.handling import (
    add_internal_note,
    answer_report,
    attach_evidence,
    close_report,
    match_report,
    reopen_report,
    reveal_contact,
    triage_report,
)
from incidents.services.incidents import (
    edit_incident,
    import_incidents,
    link_decision,
    link_report,
    move_incident,
    open_incident,
    raise_risk,
    record_lessons,
    unlink_report,
)
from incidents.services.leftovers import sweep_attachments
from incidents.services.notify import note_for_handlers, pending_digests, send_digest

__all__ = [
    "Filed",
    "add_internal_note",
    "answer_report",
    "attach_evidence",
    "close_report",
    "edit_incident",
    "file_report",
    "find_by_receipt",
    "import_incidents",
    "keep_receipt",
    "link_decision",
    "link_report",
    "match_report",
    "move_incident",
    "note_for_handlers",
    "open_incident",
    "pending_digests",
    "raise_risk",
    "record_lessons",
    "reopen_report",
    "reply_as_reporter",
    "reveal_contact",
    "send_digest",
    "sweep_attachments",
    "triage_report",
    "unlink_report",
    "was_filed",
]
