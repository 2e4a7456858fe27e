"""Capability of all model states in one table, and laid out for reading."""

from collections.abc import Iterable, Mapping
from typing import Any

from safeneuron.results.paper_tables import WideTable

_KEYS = ("model", "arm", "round", "seed", "attack", "level", "selector", "fraction", "n_neurons")


def as_wide(rows: Iterable[Mapping[str, Any]]) -> WideTable:
    """Rows of `CAPABILITY`, a line for each state and zeroed set, a column for each metric.

    Cells are value ± standard error over all questions of a task. Sets of equal description but for
    the seed of a random control are lines of their own.
    """
    lines: dict[tuple, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for row in rows:
        if row["subject"] is not None:
            continue
        column = f"{row['task']} {row['metric']}, {row['n_shot']}-shot"
        columns[column] = None
        key = (*(row[name] for name in _KEYS), row["control_seed"])
        lines.setdefault(key, {})[column] = f"{row['value']:.3f} ± {row['stderr']:.3f}"
    shown = [
        [*("-" if value is None else str(value) for value in key[: len(_KEYS)])]
        + [line.get(column, "-") for column in columns]
        for key, line in lines.items()
    ]
    return WideTable([*_KEYS, *columns], shown)
