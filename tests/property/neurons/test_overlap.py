"""Overlap of all subsets at once against each subset by itself, with Python sets."""

from itertools import combinations
from statistics import fmean, pstdev

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safeneuron.neurons.overlap import MEASURES, overlap_curves

sets = st.integers(2, 6).flatmap(lambda categories: arrays(bool, (categories, 2, 5)))


def ratio(numerator, denominator):
    return len(numerator) / len(denominator) if denominator else 0.0


def intersection_over_union(group):
    return ratio(set.intersection(*group), set.union(*group))


def intersection_over_smallest(group):
    return ratio(set.intersection(*group), min(group, key=len))


def mean_pairwise_jaccard(group):
    return fmean(ratio(a & b, a | b) for a, b in combinations(group, 2))


SLOW = {f.__name__: f for f in (
    intersection_over_union, intersection_over_smallest, mean_pairwise_jaccard,
)}  # fmt: skip


@given(sets)
def test_every_measure_equals_brute_force_over_all_subsets(sets):
    categories = [set(map(tuple, np.argwhere(mask))) for mask in sets]
    curves = overlap_curves(sets)
    assert set(curves) == set(SLOW) == set(MEASURES)
    for name, measure in SLOW.items():
        values = [
            [measure(group) for group in combinations(categories, k)]
            for k in range(2, len(sets) + 1)
        ]
        for statistic, expected in (("mean", fmean), ("sd", pstdev), ("low", min), ("high", max)):
            np.testing.assert_allclose(
                getattr(curves[name], statistic), [expected(v) for v in values], atol=1e-12
            )


@given(sets, st.randoms(use_true_random=False))
def test_the_order_of_categories_does_not_matter(sets, random):
    order = random.sample(range(len(sets)), len(sets))
    one, other = overlap_curves(sets), overlap_curves(sets[order])
    for name in MEASURES:
        np.testing.assert_allclose(one[name], other[name], atol=1e-12)
