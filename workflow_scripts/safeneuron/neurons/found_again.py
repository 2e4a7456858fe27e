"""Neurons that are found time after time, each of which finds others: the file that holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
from safeneuron.neurons.sets import SetIdentity

Masks = Mapping[str, np.ndarray]
"""Criterion -> boolean [layers, neurons]."""

FOUND_AGAIN = schema(time=INDEX, layer=INDEX, neuron=INDEX, criteria=pa.list_(TEXT))


def write_found_again(path: Path, found: Sequence[Masks], about: SetIdentity) -> None:
    """Write what each time finds, in order of time (from 1), layer and neuron.

    Args:
        found: time after time, by the same criteria; no neuron twice.
        about: what the first time's set is of.
    """
    criteria = [*found[0]]
    layers, neurons = found[0][criteria[0]].shape
    stacked = np.array([[masks[name] for name in criteria] for masks in found])
    time, layer, neuron = np.nonzero(stacked.any(axis=1))
    met = stacked[time, :, layer, neuron]
    columns: dict[str, Any] = {
        "time": (time + 1).astype(np.int32),
        "layer": layer.astype(np.int32),
        "neuron": neuron.astype(np.int32),
        "criteria": [[str(name) for name in np.array(criteria)[row]] for row in met],
    }
    shape = {"layers": layers, "neurons": neurons, "criteria": criteria, "times": len(found)}
    write_columns(path, FOUND_AGAIN, columns, {**asdict(about), **shape})


def read_found_again(path: Path) -> tuple[list[np.ndarray], str]:
    """All neurons found the first time, the first two times, and so on; and the criteria.

    Returns:
        Boolean [layers, neurons] each, and the names joined by `+`.
    """
    table, about = read_table(path, FOUND_AGAIN), read_about(path)
    time, layer, neuron = (table[name].to_numpy() for name in ("time", "layer", "neuron"))
    found = np.zeros((about["times"], about["layers"], about["neurons"]), dtype=bool)
    found[time - 1, layer, neuron] = True
    return [*np.logical_or.accumulate(found)], "+".join(about["criteria"])
