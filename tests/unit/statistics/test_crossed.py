"""Intervals over seeds and prompts together, against sums over pairs of answers and scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from safeneuron.statistics.crossed import (
    Estimate,
    crossed_mean,
    difference_of_shares_interval,
    mean_share_interval,
    p_value,
    share_interval,
)
from safeneuron.statistics.intervals import mean_interval, wilson_interval


def drawn(seeds, clusters, prompts, *, sds, shift=0.0, rng=None):
    """Outcomes with effects of seeds, of clusters and of both together, and the clusters.

    Args:
        sds: standard deviations of the three beside noise of one, of what is above 0 in an outcome.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    of = np.repeat(
        np.arange(clusters), 1 + rng.multinomial(prompts - clusters, [1 / clusters] * clusters)
    )
    of_seed, of_cluster, of_both = sds
    latent = shift + rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_cluster, clusters)[of]
    latent = latent + rng.normal(0, of_both, (seeds, clusters))[:, of]
    return (latent + rng.normal(size=latent.shape) > 0).astype(float), of


def over_pairs(values, clusters):
    """Variances of the mean by seeds and by clusters, as sums over all pairs of answers."""
    seeds, prompts = values.shape
    rest = (values - values.mean()).ravel()
    seed = np.repeat(np.arange(seeds), prompts)
    cluster = np.tile(clusters, seeds)
    products = np.outer(rest, rest) / rest.size**2

    def variance(of):
        groups = len(np.unique(of))
        return groups / (groups - 1) * products[of[:, None] == of].sum()

    return variance(seed), variance(cluster)


@pytest.mark.parametrize("seeds", [2, 5])
def test_the_variance_is_of_seeds_and_clusters_less_what_neither_explains(seeds):
    values, clusters = drawn(seeds, 6, 20, sds=(0.5, 1.0, 0.3))
    of_seeds, of_clusters = over_pairs(values, clusters)
    # what an additive table of sums leaves, by least squares on indicators
    names, size = np.unique(clusters, return_counts=True)
    sums = np.array([[row[clusters == name].sum() for name in names] for row in values])
    by_row, by_column = np.indices(sums.shape)
    design = np.concatenate(
        [size[by_column.ravel(), None] * (by_row.ravel()[:, None] == np.arange(seeds)),
         size[by_column.ravel(), None] * (by_column.ravel()[:, None] == np.arange(len(names)))],
        axis=1,
    )  # fmt: skip
    weights = 1 / np.sqrt(size[by_column.ravel()])
    fit = np.linalg.lstsq(design * weights[:, None], sums.ravel() * weights, rcond=None)[0]
    left = sums.ravel() - design @ fit
    free = (seeds - 1) * (len(names) - 1)
    of_rest = sums.size / free * (left**2).sum() / values.size**2
    found = crossed_mean(values, clusters)
    parts = (of_seeds, of_clusters, of_rest)
    assert found.mean == values.mean()
    assert found.variance == pytest.approx(
        max(of_seeds + of_clusters - of_rest, of_seeds, of_clusters)
    )
    freedom = (seeds - 1, len(names) - 1, free)
    df = found.variance**2 / sum(p**2 / f for p, f in zip(parts, freedom, strict=True))
    assert found.df == pytest.approx(min(max(df, min(freedom[:2])), max(freedom[:2])))
    assert (found.prompts, found.clusters) == (20, 6)


def test_prompts_that_do_not_differ_leave_students_t_of_the_seeds():
    shares = np.array([0.2, 0.4, 0.9, 0.5, 0.3])
    found = crossed_mean(np.tile(shares[:, None], 8), np.arange(8))
    assert found.variance == pytest.approx(shares.var(ddof=1) / 5)
    assert found.df == pytest.approx(4)
    expected = stats.ttest_1samp(shares - 0.5, 0)
    against_half = crossed_mean(np.tile(shares[:, None] - 0.5, 8), np.arange(8))
    assert p_value(against_half) == pytest.approx(expected.pvalue)
    assert difference_of_shares_interval(against_half) == pytest.approx(
        tuple(expected.confidence_interval())
    )


def test_one_seed_is_known_as_well_as_its_clusters_and_no_better():
    values, clusters = drawn(1, 10, 40, sds=(0, 3.0, 0))
    found = crossed_mean(values, clusters)
    sums = np.array([(values[0] - values.mean())[clusters == c].sum() for c in range(10)])
    assert found.variance == pytest.approx(10 / 9 * (sums**2).sum() / 40**2)
    assert found.df == 9
    apart = crossed_mean(values, np.arange(40))
    assert apart.variance == pytest.approx(values.var(ddof=1) / 40)
    assert found.variance > 2 * apart.variance  # variants of one request are no new evidence


def test_one_answer_says_nothing_of_others():
    found = crossed_mean(np.array([[1.0, 0.0]]), np.array(["a", "a"]))
    assert math.isnan(found.variance) and math.isnan(p_value(found))
    assert all(map(math.isnan, share_interval(found) + difference_of_shares_interval(found)))


def test_seeds_of_one_cluster_are_seeds_alone():
    found = crossed_mean(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), np.array([3, 3]))
    assert (found.df, found.clusters) == (2, 1)
    assert found.variance == pytest.approx(np.var([0.5, 1, 0], ddof=1) / 3)


def test_a_share_of_independent_answers_has_wilsons_interval_with_students_quantile():
    share = Estimate(0.3, 0.3 * 0.7 / 50, 4.0, 200, 75)
    ratio = (stats.t.ppf(0.975, 4) / stats.norm.ppf(0.975)) ** 2
    expected = stats.binomtest(3, 10).proportion_ci(method="wilson")
    exact = Estimate(0.3, 0.3 * 0.7 / (10 * ratio), 4.0, 200, 75)
    assert share_interval(exact) == pytest.approx(tuple(expected))
    assert share_interval(share) == pytest.approx(wilson_interval(15 / ratio, 50 / ratio))


def test_repeats_of_prompts_by_seeds_are_not_more_prompts():
    share = Estimate(0.3, 0.3 * 0.7 / 1000, 1e9, 200, 75)
    assert share_interval(share) == pytest.approx(wilson_interval(60, 200), abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_equal_outcomes_are_bounded_by_the_number_of_clusters(share):
    same = crossed_mean(np.full((5, 200), share), np.arange(200) % 75)
    assert share_interval(same) == pytest.approx(wilson_interval(75 * share, 75))
    none = crossed_mean(np.zeros((5, 200)), np.arange(200) % 75)
    bound = wilson_interval(0, 75).high
    assert difference_of_shares_interval(none) == pytest.approx((-bound, bound))
    assert p_value(none) == 1
    all_ = crossed_mean(np.full((5, 200), -1.0), np.arange(200) % 75)
    assert difference_of_shares_interval(all_) == pytest.approx((-1, -1 + 2 * bound))


def test_what_students_interval_of_seeds_puts_outside_the_range_stays_within():
    shares = np.array([1.0, 1.0, 0.96, 1.0, 0.99])
    values = (np.arange(100) < 100 * shares[:, None]).astype(float)
    assert mean_interval(shares).high > 1
    low, high = share_interval(crossed_mean(values, np.arange(100)))
    assert 0.85 < low < 0.98 < 0.99 < high < 1
    half = crossed_mean(2 * values - 1, np.arange(100))
    assert difference_of_shares_interval(half)[1] <= 1


def test_a_mean_of_shares_has_students_interval_far_from_the_ends_and_stays_within_them():
    middle, high = [0.48, 0.52, 0.5, 0.51], [0.9, 1.0, 0.99, 1.0]
    np.testing.assert_allclose(mean_share_interval(middle), mean_interval(middle), atol=1e-3)
    assert mean_interval(high).high > 1
    low, top = mean_share_interval(high)
    # the bounds p for which (mean - p)^2 = t^2 * p * (1 - p) / answers
    mean, variance = np.mean(high), np.var(high, ddof=1) / 4
    scale = stats.t.ppf(0.975, 3) ** 2 * variance / (mean * (1 - mean))
    roots = np.roots([1 + scale, -(2 * mean + scale), mean**2])
    np.testing.assert_allclose(sorted(roots), (low, top), rtol=1e-9)
    assert 0 < low < mean < top < 1
    assert all(map(math.isnan, mean_share_interval([0.5])))


def test_95_percent_intervals_hold_the_truth_where_those_over_seeds_do_not():
    """Five seeds that hardly differ, and 75 clusters that do: what a sixth prompt would say."""
    rng = np.random.default_rng(0)
    held = {"both": 0, "seeds": 0}
    for _ in range(300):
        values, clusters = drawn(5, 75, 200, sds=(0.1, 1.2, 0.3), rng=rng)
        low, high = share_interval(crossed_mean(values, clusters))
        held["both"] += low <= 0.5 <= high
        low, high = mean_interval([*values.mean(axis=1)])
        held["seeds"] += low <= 0.5 <= high
    assert 0.92 < held["both"] / 300 < 0.985
    assert held["seeds"] / 300 < 0.75
