from access.services.grants import accept_terms, record_download, resume_grant, revoke_grant, suspend_grant
from access.services.phases import set_phase_tiers
from access.services.requests import (
    assign_request,
    assign_requests,
    decide_request,
    decide_requests,
    post_message,
    request_access,
    return_request,
    save_draft,
    start_request,
    submit_request,
    withdraw_request,
)
from access.services.tiers import create_tier, edit_tier, publish_terms, set_questions

__all__ = [
    "accept_terms",
    "assign_request",
    "assign_requests",
    "create_tier",
    "decide_request",
    "decide_requests",
    "edit_tier",
    "post_message",
    "publish_terms",
    "record_download",
    "request_access",
    "resume_grant",
    "return_request",
    "revoke_grant",
    "save_draft",
    "set_phase_tiers",
    "set_questions",
    "start_request",
    "submit_request",
    "suspend_grant",
    "withdraw_request",
]
