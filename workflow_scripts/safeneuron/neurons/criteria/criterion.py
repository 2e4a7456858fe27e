"""What a criterion is: a named score of every neuron, and which neurons it may choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from safeneuron.neurons.moments import Moments

Scores = Mapping[str, np.ndarray]
"""Name of a criterion -> its scores, float64 [layers, neurons]; `shift` is always among them, and
beside criteria of Welch's test `welch_freedom`."""


@dataclass(frozen=True)
class Criterion:
    """One score a neuron; the higher it is, the sooner the neuron is chosen.

    Attributes:
        title: the score's name in a sentence.
        score: from the moments of unsafe and safe prompts, float64 [layers, neurons].
        eligible: from all scores, boolean [layers, neurons]: neurons that may be chosen at all.
    """

    title: str
    score: Callable[[Moments, Moments], np.ndarray]
    eligible: Callable[[Scores], np.ndarray]
