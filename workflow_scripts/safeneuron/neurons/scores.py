"""How much a neuron tells unsafe from safe prompts: effect size and activation shift.

The formulas are the paper's. Applied to poolings of the activation they are paper-exact; applied to
poolings of its magnitude they do not change under sign flips that leave the model's function
unchanged (negating an `up` row together with its `down` column).
"""

from dataclasses import dataclass

import numpy as np

from safeneuron.neurons.moments import Moments


@dataclass(frozen=True)
class Scores:
    """Scores of all neurons of a model, each float64 [layers, neurons].

    Attributes:
        effect_size: Cohen's d (Eq. 5), in pooled standard deviations.
        shift: mean shift unsafe - safe (§3.2.2), in units of the activation.
        shift_z: the shift z-scored over the neurons of its layer (Eq. 10).
    """

    effect_size: np.ndarray
    shift: np.ndarray
    shift_z: np.ndarray


def score(unsafe: Moments, safe: Moments) -> Scores:
    """All scores from the moments of unsafe and safe prompts.

    Raises:
        ValueError: fewer than two prompts on a side, other shapes, or values that are not finite.
    """
    if unsafe.mean.shape != safe.mean.shape:
        raise ValueError(f"moments of shapes {unsafe.mean.shape} and {safe.mean.shape}")
    for side, moments in (("unsafe", unsafe), ("safe", safe)):
        if moments.count < 2:
            raise ValueError(f"{moments.count} {side} prompts; a variance needs at least two")
        bad = ~(np.isfinite(moments.mean) & np.isfinite(moments.m2))
        if bad.any():
            layer, neuron = np.argwhere(bad)[0]
            raise ValueError(
                f"{bad.sum()} neurons have activations that are not finite on {side} prompts, "
                f"first layer {layer}, neuron {neuron}; try another dtype for the model"
            )
    shift = unsafe.mean - safe.mean
    return Scores(effect_size(unsafe, safe), shift, layer_z(shift))


def effect_size(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Cohen's d with the pooled standard deviation (paper Eq. 5 and 6), [layers, neurons].

    A neuron that is constant on both sides has d = 0 if the constants agree, else +-inf.
    """
    freedom = unsafe.count + safe.count - 2
    pooled = np.sqrt((unsafe.m2 + safe.m2) / freedom)
    shift = unsafe.mean - safe.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        d = shift / pooled
    return np.where(shift == 0, 0.0, d)


def layer_z(shift: np.ndarray) -> np.ndarray:
    """Z-score over the neurons of each layer (paper Eq. 10; population standard deviation).

    The paper does not say which standard deviation; n and n - 1 differ by less than 1e-3 in z for
    500 or more neurons. A layer without any variation scores 0.
    """
    centred = shift - shift.mean(axis=1, keepdims=True)
    spread = shift.std(axis=1, keepdims=True)
    rounding = 1e-12 * np.abs(shift).max(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > rounding)
