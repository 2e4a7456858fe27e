"""Whether model states passed their validation gate, read where no model is needed.

A validation (`models/{state}/validation.json`, written by the stage `validate`) names its state.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import STATE

PASSED, MISSED, NO_GATE = "passed", "missed", "no gate"
"""Values of the column `gate`; a model that is not an organism has no gate."""

_NO_VALIDATION = {"gate": NO_GATE, "validation": None}


def gate_of(validation: Path | None) -> str:
    """The column `gate` of a state, by its validation; None for a state that has no gate."""
    return NO_GATE if validation is None else read_manifest(validation)["gate"]


def with_gates(
    rows: Iterable[Mapping[str, Any]], validations: Sequence[Path]
) -> list[dict[str, Any]]:
    """Rows with the column `gate` of the state that each names.

    Args:
        rows: with the columns model, arm, round and seed.
        validations: of all their states that have a gate.
    """
    seen = _by_state(validations)
    return [{**row, "gate": seen.get(_state(row), _NO_VALIDATION)["gate"]} for row in rows]


def with_validations(
    rows: Iterable[Mapping[str, Any]], validations: Sequence[Path]
) -> list[dict[str, Any]]:
    """`with_gates`, with the figures that were seen in `validation`; None for no gate."""
    seen = _by_state(validations)
    return [{**row, **seen.get(_state(row), _NO_VALIDATION)} for row in rows]


def _by_state(validations: Sequence[Path]) -> dict[tuple[Any, ...], dict[str, Any]]:
    documents = map(read_manifest, validations)
    return {_state(d): {name: d[name] for name in _NO_VALIDATION} for d in documents}


def _state(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in STATE)
