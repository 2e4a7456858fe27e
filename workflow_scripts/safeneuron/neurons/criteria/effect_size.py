"""Criterion `es`: Cohen's d of unsafe against safe prompts (paper Eq. 5 to 7)."""

import math

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.moments import Moments


def effect_size(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Cohen's d with the pooled standard deviation (paper Eq. 5 and 6), [layers, neurons].

    A spread below rounding is not known, so it counts as large as rounding; a shift below rounding
    of such a neuron is none: d = 0. A neuron that is constant on both sides then has a d that does
    not depend on the batch: 0, or one far above all others if its constants differ. Under `max` the
    largest activation of every prompt may lie on tokens of the template, which know no prompt yet.
    """
    freedom = unsafe.count + safe.count - 2
    pooled = np.sqrt((unsafe.m2 + safe.m2) / freedom)
    shift = unsafe.mean - safe.mean
    floor = rounding(unsafe, safe)
    none = (pooled <= floor) & (np.abs(shift) <= floor)
    return np.divide(shift, np.maximum(pooled, floor), out=np.zeros_like(shift), where=~none)


def rounding(unsafe: Moments, safe: Moments) -> np.ndarray:
    """The standard deviation that rounding alone may give a constant neuron, [layers, neurons].

    A forward pass in another batch, or padded on the other side, adds up in another order. A
    float32 sum of n products moves by some sqrt(n) eps of its size then (Higham & Mary, 2019), and
    n is of the order of a layer's width, or of an expert's. Below float32, products are still
    summed in float32, and what is stored moves by eps of its own precision once more in every
    layer: such errors add up in squares. The size is that of the neuron's magnitudes, on the side
    where they are larger: the largest of a prompt's activations may be one near zero among larger
    ones below.
    """
    layers = len(unsafe.mean)
    relative = math.sqrt(layers) * unsafe.eps + math.sqrt(unsafe.width) * np.finfo(np.float32).eps
    return relative * np.maximum(unsafe.magnitude, safe.magnitude)


ES = Criterion("effect size", effect_size, lambda scores: scores["es"] > 0)
