"""Means over seeds and prompts together, where every seed answers the same clusters of prompts.

Seeds and clusters are crossed random effects. With a sum of squares of each, and of what neither
explains, the variance of the grand mean is V_seeds + V_clusters - V_neither: the noise of single
answers is in both of the former and would count twice. That is the two-way cluster-robust variance
of Cameron, Gelbach and Miller (2011) but for its last term, which is of doubly centred residuals,
as in an analysis of variance (Cornfield and Tukey, 1956), so that five seeds do not bias it. Its
degrees of freedom are Satterthwaite's (1946): this is the quasi-F of Clark (1973). With
min(seeds, clusters) - 1 of them, as is usual, 95 % intervals hold the truth in more than 99 % where
prompts and not seeds are what varies.
"""

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from safeneuron.statistics.intervals import Interval, wilson_interval


class Estimate(NamedTuple):
    """A mean over seeds and prompts, and how well it is known.

    Attributes:
        variance: of the mean; nan where nothing tells, as of one prompt by one seed.
        df: degrees of freedom of `variance`.
        prompts: how many each seed answered.
        clusters: of how many clusters they are.
    """

    mean: float
    variance: float
    df: float
    prompts: int
    clusters: int


def crossed_mean(values: np.ndarray, clusters: np.ndarray) -> Estimate:
    """The mean of outcomes over seeds and prompts.

    With one seed the variance is over clusters alone, and with one cluster over seeds alone. It is
    never below either of the two: an estimate of the noise that is too great by chance would make
    the mean better known than among seeds, or prompts, alone.

    Args:
        values: outcomes, [seeds, prompts].
        clusters: of each prompt, [prompts]; equal for variants of one request.
    """
    seeds, prompts = values.shape
    _, codes = np.unique(clusters, return_inverse=True)
    size = np.bincount(codes)
    sums = np.stack([np.bincount(codes, weights=row) for row in values])  # [seeds, clusters]
    total, mean = values.size, float(values.mean())
    of_seed = sums.sum(axis=1) / prompts - mean
    of_cluster = sums.sum(axis=0) / (seeds * size) - mean
    rest = sums - size * (mean + of_seed[:, None] + of_cluster)
    n_clusters = len(size)
    free = {
        "seeds": seeds - 1,
        "clusters": n_clusters - 1,
        "rest": (seeds - 1) * (n_clusters - 1),
    }
    squares = {
        "seeds": float(np.sum((prompts * of_seed) ** 2)) * seeds,
        "clusters": float(np.sum((seeds * size * of_cluster) ** 2)) * n_clusters,
        "rest": float(np.sum(rest**2)) * seeds * n_clusters,
    }
    parts = {name: squares[name] / free[name] / total**2 for name in free if free[name]}
    if not parts:
        return Estimate(mean, math.nan, math.nan, prompts, n_clusters)
    single = [parts[name] for name in ("seeds", "clusters") if name in parts]
    variance = max(sum(single) - parts.get("rest", 0.0), *single)
    least, most = (f(free[name] for name in parts if name != "rest") for f in (min, max))
    uncertainty = sum(part**2 / free[name] for name, part in parts.items())
    df = variance**2 / uncertainty if uncertainty else least
    return Estimate(mean, variance, min(max(df, least), most), prompts, n_clusters)


def share_interval(share: Estimate, confidence: float = 0.95) -> Interval:
    """Interval of a share over seeds and prompts, within [0, 1].

    Wilson's (1927), of as many independent answers as would have the share's variance, with
    Student's quantile of its degrees of freedom (Korn and Graubard, 1998; Dean and Pagano, 2015).
    These are never more than the prompts, which seeds repeat. Where all outcomes are equal nothing
    tells their variance, and each cluster counts as one independent answer.

    Returns:
        (nan, nan) where the variance is unknown.
    """
    mean, variance = share.mean, share.variance
    if math.isnan(variance):
        return Interval(math.nan, math.nan)
    if variance == 0:
        return wilson_interval(mean * share.clusters, share.clusters, confidence)
    answers = min(mean * (1 - mean) / variance, share.prompts)
    # Wilson's bounds depend on quantile² / answers alone
    ratio = float(stdtrit(share.df, (1 + confidence) / 2) / ndtri((1 + confidence) / 2))
    return wilson_interval(mean * answers / ratio**2, answers / ratio**2, confidence)


def mean_share_interval(shares: Sequence[float], confidence: float = 0.95) -> Interval:
    """Interval of a mean over independent shares, within [0, 1].

    That of `share_interval`, of the variance among them: far from 0 and 1 it is near Student's.

    Returns:
        (nan, nan) for fewer than two shares.
    """
    number = len(shares)
    if number < 2:
        return Interval(math.nan, math.nan)
    of_mean = float(np.var(shares, ddof=1)) / number
    estimate = Estimate(float(np.mean(shares)), of_mean, number - 1, sys.maxsize, number)
    return share_interval(estimate, confidence)


def difference_of_shares_interval(difference: Estimate, confidence: float = 0.95) -> Interval:
    """Student's t interval of a mean difference of outcomes, cut to [-1, 1].

    It leaves zero out just where `p_value` is below 1 - confidence. Where all differences are
    equal, it holds what as many clusters would be likely to show nothing of.
    """
    mean, variance = difference.mean, difference.variance
    if math.isnan(variance):
        return Interval(math.nan, math.nan)
    if variance == 0:
        reach = wilson_interval(0, difference.clusters, confidence).high * (1 + abs(mean))
    else:
        reach = float(stdtrit(difference.df, (1 + confidence) / 2)) * math.sqrt(variance)
    return Interval(max(-1.0, mean - reach), min(1.0, mean + reach))


def p_value(difference: Estimate) -> float:
    """Two-sided p of Student's t for a mean difference of zero; nan if its variance is unknown."""
    mean, variance = difference.mean, difference.variance
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(difference.df, -abs(mean) / math.sqrt(variance)))
