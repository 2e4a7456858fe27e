"""Neurons that are found time after time, each of which finds others: the file that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import (
    INDEX,
    TEXT,
    read_about,
    read_table,
    schema,
    write_columns,
)
from safeneuron.neurons.grid import described, read_grid
from safeneuron.neurons.sets import SetIdentity

Masks = Mapping[str, np.ndarray]
"""Criterion -> boolean [layers, neurons]."""

FOUND_AGAIN = schema(time=INDEX, layer=INDEX, neuron=INDEX, criteria=pa.list_(TEXT))


class FoundAgain(NamedTuple):
    """What such a file holds.

    Attributes:
        so_far: all neurons found the first time, the first two times, and so on; boolean
            [layers, neurons] each.
        criteria: their names joined by `+`.
        present: the neurons that there are, see `neurons.grid`.
    """

    so_far: list[np.ndarray]
    criteria: str
    present: np.ndarray


def write_found_again(
    path: Path, found: Sequence[Masks], about: SetIdentity, present: np.ndarray
) -> None:
    """Write what each time finds, in order of time (from 1), layer and neuron.

    Args:
        found: time after time, by the same criteria; no neuron twice.
        about: what the first time's set is of.
        present: the neurons that there are, see `neurons.grid`.
    """
    criteria = [*found[0]]
    stacked = np.array([[masks[name] for name in criteria] for masks in found])
    time, layer, neuron = np.nonzero(stacked.any(axis=1))
    met = stacked[time, :, layer, neuron]
    columns: dict[str, Any] = {
        "time": (time + 1).astype(np.int32),
        "layer": layer.astype(np.int32),
        "neuron": neuron.astype(np.int32),
        "criteria": [[str(name) for name in np.array(criteria)[row]] for row in met],
    }
    shape = {**described(present), "criteria": criteria, "times": len(found)}
    write_columns(path, FOUND_AGAIN, columns, {**asdict(about), **shape})


def read_found_again(path: Path) -> FoundAgain:
    """What is in a file of neurons that were found time after time."""
    table, about = read_table(path, FOUND_AGAIN), read_about(path)
    time, layer, neuron = (table[name].to_numpy() for name in ("time", "layer", "neuron"))
    present = read_grid(about)
    found = np.zeros((about["times"], *present.shape), dtype=bool)
    found[time - 1, layer, neuron] = True
    return FoundAgain([*np.logical_or.accumulate(found)], "+".join(about["criteria"]), present)
