"""Which experts unsafe prompts reach, and how many of their neurons are safety neurons."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import COUNT, FLAG, GATED_STATE, INDEX, REAL, TEXT, schema
from safeneuron.neurons.criteria.activation_shift import layer_z
from safeneuron.neurons.moments import Moments, load_moments
from safeneuron.neurons.routing import per_expert
from safeneuron.neurons.scores import LEAST_REACHING
from safeneuron.neurons.sets import NeuronSet, read_neuron_set
from safeneuron.neurons.settings import Pooling, StateSettings
from safeneuron.settings import Section

EXPERTS = schema(
    **GATED_STATE,
    selection=TEXT,
    layer=INDEX,
    expert=INDEX,
    unsafe_prompts=COUNT,  # of which some token reaches the expert
    safe_prompts=COUNT,
    scored=FLAG,  # whether enough prompts of both sides do
    unsafe_share=REAL,  # mean over all unsafe prompts of the share of tokens that reach it
    safe_share=REAL,
    routing_shift=REAL,  # unsafe share less safe share: a criterion for the router
    routing_z=REAL,  # the same, z-scored over the experts of the layer
    neurons=COUNT,  # the last expert of a layer may have fewer
    selected=COUNT,
    fraction=REAL,  # of the expert's neurons
)


class ExpertsSettings(Section):
    """Settings of `experts`: the states of the moments, in order, and a pooling that they have."""

    states: list[StateSettings]
    pooling: Pooling


def expert_tables(
    settings: ExpertsSettings, neurons: Sequence[Path], unsafe: Sequence[Path], safe: Sequence[Path]
) -> list[dict[str, Any]]:
    """Rows of `EXPERTS` of several states and selections, in the order of the sets.

    Args:
        neurons: neuron sets of any of the states.
        unsafe, safe: moments of each state.
    """
    sides = {
        tuple(state.model_dump().values()): (
            load_moments(path, settings.pooling),
            load_moments(other, settings.pooling),
        )
        for state, path, other in zip(settings.states, unsafe, safe, strict=True)
    }
    return [
        row
        for chosen in map(read_neuron_set, neurons)
        for row in expert_rows(chosen, *sides[tuple(chosen.about.state.values())])
    ]


def expert_rows(neurons: NeuronSet, unsafe: Moments, safe: Moments) -> list[dict[str, Any]]:
    """Rows of `EXPERTS` of one neuron set, one a layer and expert, without the gate.

    Layers may have different numbers of experts. One that every token reaches (a shared expert, or
    what a plain FFN counts as) has no `routing_z`, and others are compared without it.

    Args:
        unsafe, safe: moments of both sides, of the set's state.

    Raises:
        ValueError: the moments are of no mixture of experts.
    """
    if unsafe.routing is None or safe.routing is None:
        raise ValueError("moments of a model without experts")
    experts = unsafe.routing.experts
    reach = [per_expert(np.asarray(side.count), experts) for side in (unsafe, safe)]
    shares = [unsafe.routing.share, safe.routing.share]
    shift = shares[0] - shares[1]
    selected = neurons.union.reshape(*shift.shape, -1).sum(axis=2)
    number = unsafe.present.reshape(*shift.shape, -1).sum(axis=2)
    everywhere = np.isclose(shares[0], 1) & np.isclose(shares[1], 1)
    columns: Mapping[str, np.ndarray] = {
        "unsafe_prompts": reach[0],
        "safe_prompts": reach[1],
        "scored": np.minimum(*reach) >= LEAST_REACHING,
        "unsafe_share": shares[0],
        "safe_share": shares[1],
        "routing_shift": shift,
        "routing_z": layer_z(np.where((number == 0) | everywhere, np.nan, shift)),
        "neurons": number,
        "selected": selected,
        "fraction": selected / np.maximum(number, 1),
    }
    return [
        {
            **neurons.about.context,
            "layer": layer,
            "expert": expert,
            **{name: values[layer, expert].item() for name, values in columns.items()},
        }
        for layer, expert in np.argwhere(number > 0).tolist()
    ]
