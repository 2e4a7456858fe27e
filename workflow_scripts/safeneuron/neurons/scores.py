"""How much a neuron tells unsafe from safe prompts, by every criterion.

The formulas are the paper's. Applied to poolings of the activation they are paper-exact; applied to
poolings of its magnitude they do not change under sign flips that leave the model's function
unchanged (negating an `up` row together with its `down` column). docs/gauge.md says which of them
change under rescalings that leave it unchanged too.
"""

from dataclasses import replace

import numpy as np

from safeneuron.neurons.criteria.activation_shift import shift
from safeneuron.neurons.criteria.registry import CRITERIA
from safeneuron.neurons.criteria.welch import welch_freedom
from safeneuron.neurons.moments import Moments

LEAST_REACHING = 20
"""Prompts of either side that must reach an expert for its neurons to have scores.

Of 20 and 20 prompts without any effect one neuron in ten million has an effect size above 2, and of
5 and 5 seven in a thousand (Student's t); a large mixture has some millions of neurons.
"""


def score(unsafe: Moments, safe: Moments) -> dict[str, np.ndarray]:
    """Criterion -> scores, float64 [layers, neurons], and what they need: `shift`, `welch_freedom`.

    Neurons of an expert that fewer than `LEAST_REACHING` prompts of a side reach have none: NaN;
    nor have those that a layer lacks.

    Raises:
        ValueError: fewer than two prompts on a side, sides of different models, or values that are
            not finite.
    """
    if unsafe.mean.shape != safe.mean.shape:
        raise ValueError(f"moments of shapes {unsafe.mean.shape} and {safe.mean.shape}")
    for side, moments in (("unsafe", unsafe), ("safe", safe)):
        if moments.prompts < 2:
            raise ValueError(f"{moments.prompts} {side} prompts; a variance needs at least two")
        bad = ~np.isfinite(moments.mean + moments.m2 + moments.magnitude)
        if bad.any():
            layer, neuron = np.argwhere(bad)[0]
            raise ValueError(
                f"{bad.sum()} neurons have activations that are not finite on {side} prompts, "
                f"first layer {layer}, neuron {neuron}; try another dtype for the model"
            )
    if not unsafe.of_model_of(safe):
        raise ValueError("the unsafe and the safe moments are of different models")
    if unsafe.routing and safe.routing:
        scored = reached(unsafe) & reached(safe) & unsafe.present
        unsafe, safe = _known(unsafe, scored), _known(safe, scored)
    elif not unsafe.present.all():
        unsafe, safe = _known(unsafe, unsafe.present), _known(safe, safe.present)
    by_criterion = {name: criterion.score(unsafe, safe) for name, criterion in CRITERIA.items()}
    needed = {"shift": shift(unsafe, safe), "welch_freedom": welch_freedom(unsafe, safe)}
    return by_criterion | needed


def reached(moments: Moments) -> np.ndarray:
    """Neurons of experts that enough prompts reach to be scored, boolean [layers, neurons]."""
    return np.asarray(moments.count) >= LEAST_REACHING


def _known(moments: Moments, scored: np.ndarray) -> Moments:
    """Moments that are NaN but for some neurons."""
    return replace(
        moments,
        count=np.maximum(moments.count, LEAST_REACHING) if moments.routing else moments.count,
        mean=np.where(scored, moments.mean, np.nan),
    )
