"""Which model states passed their validation gate: tables that are read say so beside a state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safeneuron.artifacts.tables import GATED_STATE, STATE, read_table, schema
from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Section

GATES = schema(**GATED_STATE)

Gates = Mapping[tuple[Any, ...], bool | None]
"""A state's values of `STATE` -> whether it passed; None for a model without a gate."""


class GatesSettings(Section):
    """Settings of `gates`: the states, in the order of their manifests."""

    states: list[StateSettings]


def read_gates(path: Path) -> Gates:
    """The gates in a table of `GATES`."""
    rows = read_table(path, GATES).to_pylist()
    return {tuple(row[name] for name in STATE): row["gate_passed"] for row in rows}


def gated(gates: Gates, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `GATED_STATE` of a row that names its state.

    Raises:
        KeyError: the table of gates does not have this state.
    """
    state = {name: row[name] for name in STATE}
    return {**state, "gate_passed": gates[tuple(state.values())]}
