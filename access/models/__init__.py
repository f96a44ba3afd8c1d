from access.models.grants import DownloadEvent, Grant
from access.models.phases import PhaseTier
from access.models.requests import Acceptance, AccessRequest, RequestMessage
from access.models.tiers import TermsVersion, Tier, TierQuestion

__all__ = [
    "Acceptance",
    "AccessRequest",
    "DownloadEvent",
    "Grant",
    "PhaseTier",
    "RequestMessage",
    "TermsVersion",
    "Tier",
    "TierQuestion",
]
