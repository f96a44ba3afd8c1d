"""Reads of the registry that span tables, shaped for a page or an answer."""

from registry.selectors.catalogue import (
    card_of,
    catalogue,
    find_families,
    model_page,
    public_families,
    public_releases,
    release_details,
    revision_of,
    unpack_release,
    waiting_releases,
    with_contents,
    worst_level,
)
from registry.selectors.embed import history_of
from registry.selectors.guidelines import (
    document_of,
    guidelines_before,
    guidelines_details,
    guidelines_with_parts,
    holding_guidelines,
)
from registry.selectors.matrix import Matrix, by_cell, matrix, of_cells
from registry.selectors.people import assignments_within, inside, people_of
from registry.selectors.risks import (
    assessments_of,
    in_band,
    measures,
    mitigations_of,
    register,
    register_rows,
    risk_details,
    risks_with_measures,
    waiting_risks,
)

__all__ = [
    "Matrix",
    "assessments_of",
    "assignments_within",
    "by_cell",
    "card_of",
    "catalogue",
    "document_of",
    "find_families",
    "guidelines_before",
    "guidelines_details",
    "guidelines_with_parts",
    "history_of",
    "holding_guidelines",
    "in_band",
    "inside",
    "matrix",
    "measures",
    "mitigations_of",
    "model_page",
    "of_cells",
    "people_of",
    "public_families",
    "public_releases",
    "register",
    "register_rows",
    "release_details",
    "revision_of",
    "risk_details",
    "risks_with_measures",
    "unpack_release",
    "waiting_releases",
    "waiting_risks",
    "with_contents",
    "worst_level",
]
