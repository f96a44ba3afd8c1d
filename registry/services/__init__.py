"""All that changes the registry. Each call is one transaction with one audit event."""

from registry.services.artifacts import add_artifact, keep_artifact, received, remove_artifact
from registry.services.cards import edit_card_metadata, edit_card_section, import_card
from registry.services.catalogue import (
    add_objective,
    create_family,
    create_publisher,
    create_release,
    edit_family,
    edit_objective,
    edit_publisher,
    edit_release,
)
from registry.services.guidelines import (
    add_part,
    discard_guidelines,
    draft_guidelines,
    edit_guidelines,
    edit_part,
    publish_guidelines,
    remove_part,
    retire_guidelines,
)
from registry.services.leftovers import sweep_leftovers
from registry.services.mitigations import (
    add_mitigation,
    drop_mitigation,
    edit_mitigation,
    finish_mitigation,
    start_mitigation,
)
from registry.services.risks import (
    assess_risk,
    assign_risk_owner,
    close_risk,
    create_risk,
    edit_risk,
    open_risk,
    reopen_risk,
)

__all__ = [
    "add_artifact",
    "add_mitigation",
    "add_objective",
    "add_part",
    "assess_risk",
    "assign_risk_owner",
    "close_risk",
    "create_family",
    "create_publisher",
    "create_release",
    "create_risk",
    "discard_guidelines",
    "draft_guidelines",
    "drop_mitigation",
    "edit_card_metadata",
    "edit_card_section",
    "edit_family",
    "edit_guidelines",
    "edit_mitigation",
    "edit_objective",
    "edit_part",
    "edit_publisher",
    "edit_release",
    "edit_risk",
    "finish_mitigation",
    "import_card",
    "keep_artifact",
    "open_risk",
    "publish_guidelines",
    "received",
    "remove_artifact",
    "remove_part",
    "reopen_risk",
    "retire_guidelines",
    "start_mitigation",
    "sweep_leftovers",
]
