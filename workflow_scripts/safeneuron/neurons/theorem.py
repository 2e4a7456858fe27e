"""How often neurons without any effect pass a threshold on Cohen's d (paper Theorem 3.1, App. A).

The theorem bounds that chance, P(d > tau) under equal means, by 1 - Phi(tau). In the limit it
holds, and says nothing: d tends to 0 as prompts are added. What is N(0, 1) there is d times
sqrt(n_u n_s / (n_u + n_s)), the factor that the proof's t statistic has and the theorem's d lacks;
with it the bound is 1 - Phi(tau sqrt(n_u n_s / (n_u + n_s))), and it is nearly reached.
"""

import math

import numpy as np
from scipy.special import ndtr, stdtr


def printed_bound(tau: float) -> float:
    """The chance that Theorem 3.1 allows, as printed: 1 - Phi(tau), for any number of prompts."""
    return float(ndtr(-tau))


def corrected_bound(tau: float, n_unsafe: int, n_safe: int) -> float:
    """The same with the factor that makes d a standard normal in the limit."""
    return float(ndtr(-tau * _factor(n_unsafe, n_safe)))


def exact_chance(tau: float, n_unsafe: int, n_safe: int) -> float:
    """P(d > tau) of normal activations of one mean and variance: Student's t of the factor's d."""
    return float(stdtr(n_unsafe + n_safe - 2, -tau * _factor(n_unsafe, n_safe)))


def threshold(alpha: float, n_unsafe: int, n_safe: int) -> float:
    """The effect size that a share alpha of neurons without any effect exceeds, by the limit."""
    from scipy.special import ndtri

    return float(ndtri(1 - alpha)) / _factor(n_unsafe, n_safe)


def simulated_effect_sizes(samples: np.ndarray, n_unsafe: int) -> np.ndarray:
    """Cohen's d (Eq. 5) of neurons whose prompts' labels mean nothing, [neurons].

    Args:
        samples: activations of one distribution, [prompts, neurons]; the first `n_unsafe` rows are
            called unsafe.
    """
    unsafe, safe = samples[:n_unsafe], samples[n_unsafe:]
    squares = sum(((side - side.mean(axis=0)) ** 2).sum(axis=0) for side in (unsafe, safe))
    pooled = np.sqrt(squares / (len(samples) - 2))
    return (unsafe.mean(axis=0) - safe.mean(axis=0)) / pooled


def _factor(n_unsafe: int, n_safe: int) -> float:
    return math.sqrt(n_unsafe * n_safe / (n_unsafe + n_safe))
