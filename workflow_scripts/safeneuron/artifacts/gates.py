"""Whether model states passed their validation gate, read where no model is needed.

A validation (`models/{state}/validation.json`) names its state.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import STATE
from safeneuron.errors import SafeNeuronError

log = logging.getLogger(__name__)

PASSED, MISSED, NO_GATE = "passed", "missed", "no gate"
"""Values of the column `gate`; a model that the workflow does not safety-tune has no gate."""

_NO_VALIDATION = {"gate": NO_GATE, "validation": None}


class MissedGateError(SafeNeuronError):
    """A model state misses its validation gate, and the run is to stop."""


def write_validation(
    path: Path,
    state: Mapping[str, Any],
    seen: Mapping[str, Any],
    passed: bool,
    wanted: str,
    keep: bool,
    remedy: str,
) -> None:
    """Write the validation of a state.

    Args:
        state: the columns that name it.
        seen: figures on validation prompts.
        wanted: of these figures, for messages.
        keep: whether a missed gate marks the state, and does not stop the run.
        remedy: what may help, and the key that keeps such a model.

    Raises:
        MissedGateError: the gate is missed and the state is not to be kept.
    """
    shown = ", ".join(
        f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in seen.items()
    )
    if not passed and not keep:
        raise MissedGateError(
            f"the validation gate was missed: wanted {wanted}; on validation prompts: {shown}. "
            f"{remedy}"
        )
    outcome = PASSED if passed else MISSED
    level = logging.INFO if passed else logging.WARNING
    log.log(level, "validation gate %s: wanted %s; %s", outcome, wanted, shown)
    document = {**state, "gate": outcome, "validation": dict(seen)}
    write_text(path, json.dumps(document, indent=1, sort_keys=True) + "\n")


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
