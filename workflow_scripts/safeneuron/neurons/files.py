"""Scores and neuron sets as tables: one row a neuron."""

from pathlib import Path

import numpy as np

from safeneuron.artifacts.tables import FLAG, INDEX, REAL, read_table, schema, write_columns
from safeneuron.neurons.scores import Scores
from safeneuron.neurons.selection import Selected

SCORES = schema(
    layer=INDEX,
    neuron=INDEX,
    effect_size=REAL,
    shift=REAL,
    shift_z=REAL,
    mean_unsafe=REAL,
    mean_safe=REAL,
)
NEURON_SET = schema(layer=INDEX, neuron=INDEX, by_es=FLAG, by_sas=FLAG)


def write_scores(
    path: Path, scores: Scores, mean_unsafe: np.ndarray, mean_safe: np.ndarray
) -> None:
    """Write all neurons' scores, layer by layer."""
    layers, neurons = scores.shift.shape
    columns = {
        "layer": np.repeat(np.arange(layers, dtype=np.int32), neurons),
        "neuron": np.tile(np.arange(neurons, dtype=np.int32), layers),
        "effect_size": scores.effect_size.ravel(),
        "shift": scores.shift.ravel(),
        "shift_z": scores.shift_z.ravel(),
        "mean_unsafe": mean_unsafe.ravel(),
        "mean_safe": mean_safe.ravel(),
    }
    write_columns(path, SCORES, columns)


def read_scores(path: Path) -> Scores:
    """Scores [layers, neurons] from a table written by `write_scores`."""
    table = read_table(path, SCORES)
    layers = table["layer"][-1].as_py() + 1

    def array(name: str) -> np.ndarray:
        return table[name].to_numpy().reshape(layers, -1)

    return Scores(array("effect_size"), array("shift"), array("shift_z"))


def write_neuron_set(path: Path, selected: Selected) -> None:
    """Write the neurons of a set, in order of layer and neuron."""
    layer, neuron = np.nonzero(selected.union)
    columns = {
        "layer": layer.astype(np.int32),
        "neuron": neuron.astype(np.int32),
        "by_es": selected.by_es[layer, neuron],
        "by_sas": selected.by_sas[layer, neuron],
    }
    write_columns(path, NEURON_SET, columns)


def read_neuron_set(path: Path, shape: tuple[int, int]) -> Selected:
    """The masks [layers, neurons] of a set."""
    table = read_table(path, NEURON_SET)
    index = table["layer"].to_numpy(), table["neuron"].to_numpy()
    masks = np.zeros((2, *shape), dtype=bool)
    for mask, name in zip(masks, ("by_es", "by_sas"), strict=True):
        mask[index] = table[name].to_numpy(zero_copy_only=False)
    return Selected(*masks)
