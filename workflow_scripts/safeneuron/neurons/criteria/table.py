"""The criteria table: one row a criterion and neuron, of one state, contrast and pooling."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import (
    INDEX,
    REAL,
    TEXT,
    read_about,
    read_table,
    schema,
    write_columns,
)
from safeneuron.neurons.grid import all_present, described

CRITERIA_TABLE = schema(criterion=TEXT, layer=INDEX, neuron=INDEX, score=REAL)


def write_criteria(
    path: Path,
    scores: Mapping[str, np.ndarray],
    about: Mapping[str, Any] | None = None,
    present: np.ndarray | None = None,
) -> None:
    """Write the scores of all neurons, criterion by criterion and layer by layer.

    Args:
        scores: criterion -> float64 [layers, neurons].
        about: state, contrast and pooling; the grid is added to it.
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    if present is None:
        present = all_present(next(iter(scores.values())).shape)
    layers, neurons = present.shape
    columns = {
        "criterion": np.repeat(list(scores), layers * neurons),
        "layer": np.tile(np.repeat(np.arange(layers, dtype=np.int32), neurons), len(scores)),
        "neuron": np.tile(np.arange(neurons, dtype=np.int32), layers * len(scores)),
        "score": np.concatenate([values.ravel() for values in scores.values()]),
    }
    write_columns(path, CRITERIA_TABLE, columns, {**(about or {}), **described(present)})


def read_criteria(path: Path) -> dict[str, np.ndarray]:
    """Criterion -> float64 [layers, neurons], from a table written by `write_criteria`."""
    table, about = read_table(path, CRITERIA_TABLE), read_about(path)
    grid = about["layers"], about["neurons"]
    scores = table["score"].to_numpy().reshape(-1, *grid)
    names = table["criterion"].take(np.arange(len(scores)) * (grid[0] * grid[1])).to_pylist()
    return dict(zip(names, scores, strict=True))
