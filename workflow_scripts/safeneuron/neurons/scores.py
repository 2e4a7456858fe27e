"""How much a neuron tells unsafe from safe prompts, by every criterion.

The formulas are the paper's. Applied to poolings of the activation they are paper-exact; applied to
poolings of its magnitude they do not change under sign flips that leave the model's function
unchanged (negating an `up` row together with its `down` column). docs/gauge.md says which of them
change under rescalings that leave it unchanged too.
"""

import numpy as np

from safeneuron.neurons.criteria.activation_shift import shift
from safeneuron.neurons.criteria.registry import CRITERIA
from safeneuron.neurons.moments import Moments


def score(unsafe: Moments, safe: Moments) -> dict[str, np.ndarray]:
    """Criterion -> scores, float64 [layers, neurons], and `shift`, whose sign `sas` asks for.

    Raises:
        ValueError: fewer than two prompts on a side, sides of different models, or values that are
            not finite.
    """
    if unsafe.mean.shape != safe.mean.shape:
        raise ValueError(f"moments of shapes {unsafe.mean.shape} and {safe.mean.shape}")
    for side, moments in (("unsafe", unsafe), ("safe", safe)):
        if moments.count < 2:
            raise ValueError(f"{moments.count} {side} prompts; a variance needs at least two")
        bad = ~np.isfinite(moments.mean + moments.m2 + moments.magnitude)
        if bad.any():
            layer, neuron = np.argwhere(bad)[0]
            raise ValueError(
                f"{bad.sum()} neurons have activations that are not finite on {side} prompts, "
                f"first layer {layer}, neuron {neuron}; try another dtype for the model"
            )
    if not unsafe.of_model_of(safe):
        raise ValueError("the unsafe and the safe moments are of different models")
    by_criterion = {name: criterion.score(unsafe, safe) for name, criterion in CRITERIA.items()}
    return by_criterion | {"shift": shift(unsafe, safe)}
