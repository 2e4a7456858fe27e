"""How often prompts reach the experts of a mixture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Routing:
    """Where prompts' tokens go in every layer.

    Attributes:
        prompts: number of prompts.
        share: float64 [layers, experts], mean over prompts of the share of its tokens that reach an
            expert; a layer's shares sum up to the number of experts that each token reaches.
    """

    prompts: int
    share: np.ndarray

    @property
    def experts(self) -> int:
        """Experts a layer."""
        return self.share.shape[1]

    def merged(self, other: "Routing") -> "Routing":
        """That of the union of two disjoint prompt sets."""
        prompts = self.prompts + other.prompts
        share = self.share + (other.share - self.share) * (other.prompts / prompts)
        return Routing(prompts, share)


def per_expert(neurons: np.ndarray, experts: int) -> np.ndarray:
    """One number an expert of values that all its neurons share, [layers, experts].

    Args:
        neurons: [layers, neurons], expert by expert.
    """
    return neurons[:, :: neurons.shape[1] // experts]


def per_neuron(experts: np.ndarray, neurons: int) -> np.ndarray:
    """Each neuron's value of its expert, [layers, neurons].

    Args:
        experts: [layers, experts].
        neurons: a layer's, of all its experts.
    """
    return np.repeat(experts, neurons // experts.shape[1], axis=1)
