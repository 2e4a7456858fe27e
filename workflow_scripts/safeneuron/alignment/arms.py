"""The arms: what each does to the identified neurons while DPO trains the rest (paper §3.3).

The paper's text freezes the neurons; its Algorithm 1 also zeroes them in the forward pass while
training. The arms separate the two, each beside a control with as many random neurons per layer.
"""

from dataclasses import dataclass

import numpy as np

from safeneuron.neurons.random_sets import matched_random


@dataclass(frozen=True)
class Plan:
    """What training does to which neurons; masks are boolean [layers, neurons].

    Attributes:
        frozen: their gate row, up row and down column stay constant to the bit.
        zeroed: they are zeroed in the policy's forward pass (never in the reference's).
        neurons_only: nothing but FFN neurons' rows and columns trains.
    """

    frozen: np.ndarray
    zeroed: np.ndarray
    neurons_only: bool = False


def dpo(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """Plain DPO."""
    return Plan(frozen=_none(neurons), zeroed=_none(neurons))


def freeze(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """The paper's text: the identified neurons are constant (Eq. 11)."""
    return Plan(frozen=neurons, zeroed=_none(neurons))


def freeze_ablate(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """The paper's Algorithm 1: frozen, and zeroed in the forward pass while training."""
    return Plan(frozen=neurons, zeroed=neurons)


def ablate(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """Zeroed in the forward pass while training, not frozen."""
    return Plan(frozen=_none(neurons), zeroed=neurons)


def random_freeze(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """Control of `freeze`: as many random neurons per layer are frozen."""
    return freeze(matched_random(neurons, rng), rng)


def random_ablate(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """Control of `ablate`: as many random neurons per layer are zeroed."""
    return ablate(matched_random(neurons, rng), rng)


def sn_tune(neurons: np.ndarray, rng: np.random.Generator) -> Plan:
    """The opposite of `freeze`: only the identified neurons train (Zhao et al., 2025)."""
    return Plan(frozen=~neurons, zeroed=_none(neurons), neurons_only=True)


METHODS = {
    f.__name__: f
    for f in (dpo, freeze, freeze_ablate, ablate, random_freeze, random_ablate, sn_tune)
}


def _none(neurons: np.ndarray) -> np.ndarray:
    return np.zeros_like(neurons)
