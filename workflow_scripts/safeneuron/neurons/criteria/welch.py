"""Criterion `welch`: Welch's t of unsafe against safe prompts, the statistic that has a null.

Cohen's d (paper Eq. 5) tends to 0 under the null of Theorem 3.1; times sqrt(n_u n_s / (n_u + n_s))
it is Student's t, and with a variance a side Welch's, which the theorem's proof starts from
(App. A). `neurons.calibration` has the p values.
"""

from typing import NamedTuple

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.criteria.effect_size import rounding
from safeneuron.neurons.moments import Moments


class Welch(NamedTuple):
    """Welch's t and its degrees of freedom (Welch, 1947), each [layers, neurons]."""

    t: np.ndarray
    freedom: np.ndarray


def welch(unsafe: Moments, safe: Moments) -> Welch:
    """Welch's t with the Welch-Satterthwaite degrees of freedom.

    A spread below rounding counts as large as rounding, as in `effect_size`; t is 0 where the shift
    is below rounding too, with the n_u + n_s - 2 degrees of freedom of equal variances. Neurons
    without a mean have neither.
    """
    shift = unsafe.mean - safe.mean
    floor = rounding(unsafe, safe)
    spread = [np.maximum(side.variance, floor**2) / side.count for side in (unsafe, safe)]
    error = np.sqrt(spread[0] + spread[1])
    still = np.maximum(unsafe.variance, safe.variance) <= floor**2
    none = still & (np.abs(shift) <= floor)
    t = np.divide(shift, error, out=np.zeros_like(shift), where=~none)
    # in shares of the whole, whose squares do not run out of range
    share = np.divide(spread[0], error**2, out=np.zeros_like(shift), where=~none)
    freedom = 1 / (share**2 / (unsafe.count - 1) + (1 - share) ** 2 / (safe.count - 1))
    freedom = np.where(none, unsafe.count + safe.count - 2, freedom)
    return Welch(t, np.where(np.isnan(t), np.nan, freedom))


def welch_t(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Welch's t, [layers, neurons]."""
    return welch(unsafe, safe).t


def welch_freedom(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Degrees of freedom of `welch_t`, [layers, neurons]."""
    return welch(unsafe, safe).freedom


WELCH = Criterion("Welch's t", welch_t, lambda scores: scores["welch"] > 0)
