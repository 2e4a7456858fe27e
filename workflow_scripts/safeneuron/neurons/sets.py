"""A neuron set: which neurons each criterion chose, and what the set is of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import (
    INDEX,
    STATE,
    TEXT,
    read_about,
    read_table,
    schema,
    write_columns,
)
from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.grid import all_present, described, read_grid

NEURON_SET = schema(layer=INDEX, neuron=INDEX, criteria=pa.list_(TEXT))


@dataclass(frozen=True)
class SetIdentity:
    """What a set is of: the model state, the selection that made it, the contrast.

    Attributes:
        contrast: `overall`, a control's name, or `DATASET/CATEGORY`.
    """

    model: str
    arm: str
    round: int
    seed: int
    selection: str
    contrast: str

    @property
    def state(self) -> dict[str, Any]:
        """The columns of `artifacts.tables.STATE`."""
        return {name: getattr(self, name) for name in STATE}

    @property
    def context(self) -> dict[str, Any]:
        """The state's columns and `selection`."""
        return {**self.state, "selection": self.selection}

    @property
    def dataset(self) -> str:
        """The dataset of a category's contrast."""
        return self.contrast.partition("/")[0]


@dataclass(frozen=True)
class NeuronSet:
    """The neurons that a selection chose.

    Attributes:
        masks: criterion -> boolean [layers, neurons], at least one.
        about: what the set is of.
        grid: the neurons that there are, see `neurons.grid`; None for all.
    """

    masks: Mapping[str, np.ndarray]
    about: SetIdentity
    grid: np.ndarray | None = None

    @property
    def present(self) -> np.ndarray:
        """The neurons that there are, boolean [layers, neurons]."""
        return (
            all_present(next(iter(self.masks.values())).shape) if self.grid is None else self.grid
        )

    @property
    def union(self) -> np.ndarray:
        """Mask of the whole set (§3.2.2)."""
        return np.logical_or.reduce(list(self.masks.values()))

    def by(self, target: str) -> np.ndarray:
        """The neurons chosen by a criterion, or by any of several joined by `+` (`es+sas`).

        Raises:
            SafeNeuronError: the set was not chosen by one of them.
        """
        names = target.split("+")
        if missing := [name for name in names if name not in self.masks]:
            raise SafeNeuronError(
                f"the set of selection '{self.about.selection}' has no neurons by "
                f"{', '.join(missing)}; it has: {', '.join(self.masks)}"
            )
        return np.logical_or.reduce([self.masks[name] for name in names])


def write_neuron_set(path: Path, neurons: NeuronSet) -> None:
    """Write the neurons of a set, in order of layer and neuron, each with the criteria it meets."""
    layer, neuron = np.nonzero(neurons.union)
    met = [
        [name for name, mask in neurons.masks.items() if mask[at]]
        for at in zip(layer, neuron, strict=True)
    ]
    columns = {"layer": layer.astype(np.int32), "neuron": neuron.astype(np.int32), "criteria": met}
    shape = {**described(neurons.present), "criteria": list(neurons.masks)}
    write_columns(path, NEURON_SET, columns, {**asdict(neurons.about), **shape})


def read_neuron_set(path: Path) -> NeuronSet:
    """The set from a file written by `write_neuron_set`."""
    table, about = read_table(path, NEURON_SET), read_about(path)
    layer, neuron = (table[name].to_numpy() for name in ("layer", "neuron"))
    met = table["criteria"].to_pylist()
    masks = {}
    for name in about["criteria"]:
        chosen = np.array([name in names for names in met], dtype=bool)
        masks[name] = np.zeros((about["layers"], about["neurons"]), dtype=bool)
        masks[name][layer[chosen], neuron[chosen]] = True
    identity = SetIdentity(**{field.name: about[field.name] for field in fields(SetIdentity)})
    return NeuronSet(masks, identity, read_grid(about))
