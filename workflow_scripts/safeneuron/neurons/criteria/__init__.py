"""Criteria: one file each, and the table of all neurons' scores by all of them."""

from safeneuron.neurons.criteria.criterion import Criterion, Scores
from safeneuron.neurons.criteria.registry import CRITERIA, CriterionName
from safeneuron.neurons.criteria.table import CRITERIA_TABLE, read_criteria, write_criteria

__all__ = [
    "CRITERIA",
    "CRITERIA_TABLE",
    "Criterion",
    "CriterionName",
    "Scores",
    "read_criteria",
    "write_criteria",
]
