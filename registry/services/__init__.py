"""All that changes the registry. Each call is one transaction with one audit event."""

from registry.services.artifacts import add_artifact, keep_artifact, received, remove_artifact
from registry.services.capabilities import note_capability
from registry.services.cards import edit_card_metadata, edit_card_section, import_card
from registry.services.catalogue import (
    create_family,
    create_publisher,
    create_release,
    edit_family,
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
from registry.services.lineage import add_parent, remove_parent
from registry.services.mitigations import (
    add_mitigation,
    drop_mitigation,
    edit_mitigation,
    finish_mitigation,
    start_mitigation,
)
from registry.services.objectives import add_objective, edit_objective, record_measurement
from registry.services.plan import (
    add_criterion,
    drop_phase,
    edit_criterion,
    edit_phase,
    meet_criterion,
    plan_phase,
    remove_criterion,
    reopen_criterion,
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
from registry.services.safeguards import (
    add_high_risk_use,
    add_safeguard,
    edit_high_risk_use,
    edit_safeguard,
    introduce_safeguard,
    remove_high_risk_use,
    retire_safeguard,
)
from registry.services.training_data import add_training_dataset, edit_training_dataset, remove_training_dataset

__all__ = [
    "add_artifact",
    "add_criterion",
    "add_high_risk_use",
    "add_mitigation",
    "add_objective",
    "add_parent",
    "add_part",
    "add_safeguard",
    "add_training_dataset",
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
    "drop_phase",
    "edit_card_metadata",
    "edit_card_section",
    "edit_criterion",
    "edit_family",
    "edit_guidelines",
    "edit_high_risk_use",
    "edit_mitigation",
    "edit_objective",
    "edit_part",
    "edit_phase",
    "edit_publisher",
    "edit_release",
    "edit_risk",
    "edit_safeguard",
    "edit_training_dataset",
    "finish_mitigation",
    "import_card",
    "introduce_safeguard",
    "keep_artifact",
    "meet_criterion",
    "note_capability",
    "open_risk",
    "plan_phase",
    "publish_guidelines",
    "received",
    "record_measurement",
    "remove_artifact",
    "remove_criterion",
    "remove_high_risk_use",
    "remove_parent",
    "remove_part",
    "remove_training_dataset",
    "reopen_criterion",
    "reopen_risk",
    "retire_guidelines",
    "retire_safeguard",
    "start_mitigation",
    "sweep_leftovers",
]
