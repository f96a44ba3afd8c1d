from access.views.grants import grant_change, grant_list
from access.views.queue import (
    assignment,
    bulk_decision,
    decision,
    decision_page,
    queue,
    staff_message,
)
from access.views.requests import (
    check_answers,
    message,
    mine,
    new_request,
    questions,
    request_page,
    sign_terms,
    terms,
    terms_acceptance,
    withdrawal,
)
from access.views.tiers import phase_tiers, terms_publication, tier_edit, tier_list, tier_new, tier_questions

__all__ = [
    "assignment",
    "bulk_decision",
    "check_answers",
    "decision",
    "decision_page",
    "grant_change",
    "grant_list",
    "message",
    "mine",
    "new_request",
    "phase_tiers",
    "questions",
    "queue",
    "request_page",
    "sign_terms",
    "staff_message",
    "terms",
    "terms_acceptance",
    "terms_publication",
    "tier_edit",
    "tier_list",
    "tier_new",
    "tier_questions",
    "withdrawal",
]
