"""Intervals for shares and for means over seeds.

Quantiles come from `scipy.special`. `scipy.stats.binomtest(...).proportion_ci("wilson")` and
`scipy.stats.t` give the same bounds (tests compare) and would add 0.6 s to the start of every small
job; the former also refuses a share whose count is a mean over repeats.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

from scipy.special import ndtri, stdtrit


class Interval(NamedTuple):
    """A closed interval."""

    low: float
    high: float


def wilson_interval(hits: float, trials: float, confidence: float = 0.95) -> Interval:
    """Wilson score interval of a binomial share (Wilson, 1927).

    Args:
        hits: a count, or its mean over repeats on the same trials, of which the interval is then
            too wide rather than too narrow.
        trials: a count, or how many independent ones would have a share's variance.

    Returns:
        Bounds in [0, 1]; (nan, nan) for no trials.

    Raises:
        ValueError: `hits` is not between 0 and `trials`.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits in {trials} trials")
    if trials == 0:
        return Interval(math.nan, math.nan)
    z = _two_sided(confidence)
    share = hits / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if hits == 0 else (centre - spread) / scale
    high = 1.0 if hits == trials else (centre + spread) / scale
    return Interval(low, high)


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Student's t interval of a mean over independent seeds, unbounded by [0, 1].

    Returns:
        (nan, nan) for fewer than two values: one seed says nothing about others.
    """
    if len(values) < 2:
        return Interval(math.nan, math.nan)
    t = float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    reach = t * stdev(values) / math.sqrt(len(values))
    return Interval(fmean(values) - reach, fmean(values) + reach)


def prediction_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Student's t interval in which one more independent value of a normal distribution lies.

    Returns:
        (nan, nan) for fewer than two values.
    """
    if len(values) < 2:
        return Interval(math.nan, math.nan)
    t = float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    reach = t * stdev(values) * math.sqrt(1 + 1 / len(values))
    return Interval(fmean(values) - reach, fmean(values) + reach)


def normal_interval(value: float, stderr: float, confidence: float = 0.95) -> Interval:
    """Normal interval of an estimate with a standard error."""
    reach = _two_sided(confidence) * stderr
    return Interval(value - reach, value + reach)


def difference_interval(
    value: float, intervals: Sequence[Interval], other: float, others: Sequence[Interval]
) -> Interval:
    """Interval of `value - other`, two independent estimates with intervals of their own.

    The distances from an estimate to its bounds add in squares (MOVER: Newcombe, 1998, of Wilson
    intervals; Zou and Donner, 2008), so that an interval near 0 or 1 stays lopsided.

    Args:
        intervals: of `value`, one for each independent source of its error (prompts, seeds).
        others: the same of `other`.
    """
    below = [value - i.low for i in intervals] + [i.high - other for i in others]
    above = [i.high - value for i in intervals] + [other - i.low for i in others]
    difference = value - other
    return Interval(difference - math.hypot(*below), difference + math.hypot(*above))


def _two_sided(confidence: float) -> float:
    """Standard deviations of a normal distribution that hold this share of it."""
    return float(ndtri((1 + confidence) / 2))
