"""Capability of all model states in one table, and laid out for reading."""

from collections.abc import Iterable, Mapping
from typing import Any

from safeneuron.results.wide import WideTable

_KEYS = (
    *("model", "arm", "round", "seed", "attack", "target"),
    *("fraction", "strength", "control_seed", "n_neurons"),
)


def as_wide(rows: Iterable[Mapping[str, Any]]) -> WideTable:
    """Rows of `CAPABILITY`, a line for each state and intervention, a column for each metric.

    Cells are value ± standard error over all questions of a task.
    """
    lines: dict[tuple, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for row in rows:
        if row["subject"] is not None:
            continue
        column = f"{row['task']} {row['metric']}, {row['n_shot']}-shot"
        columns[column] = None
        key = tuple(row[name] for name in _KEYS)
        lines.setdefault(key, {})[column] = f"{row['value']:.3f} ± {row['stderr']:.3f}"
    shown = [
        [*("-" if value is None else str(value) for value in key)]
        + [line.get(column, "-") for column in columns]
        for key, line in lines.items()
    ]
    return WideTable([*_KEYS, *columns], shown)
