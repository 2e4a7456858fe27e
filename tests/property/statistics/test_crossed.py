"""What holds of every mean over seeds and prompts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safeneuron.statistics.crossed import (
    crossed_mean,
    difference_of_shares_interval,
    p_value,
    share_interval,
)
from safeneuron.statistics.multiplicity import holm


@st.composite
def samples(draw, outcomes):
    seeds, prompts = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    values = draw(arrays(float, (seeds, prompts), elements=st.sampled_from(outcomes)))
    return values, draw(arrays(int, prompts, elements=st.integers(0, 5)))


@given(samples([0.0, 1.0]))
def test_an_interval_of_a_share_holds_it_and_stays_a_share(sample):
    share = crossed_mean(*sample)
    low, high = share_interval(share)
    assert math.isnan(low) or 0 <= low <= share.mean <= high <= 1
    mirrored = share_interval(crossed_mean(1 - sample[0], sample[1]))
    assert mirrored == pytest.approx((1 - high, 1 - low), nan_ok=True)


@given(samples([-1.0, 0.0, 1.0]))
def test_an_interval_of_a_difference_leaves_zero_out_just_where_p_is_small(sample):
    difference = crossed_mean(*sample)
    low, high = difference_of_shares_interval(difference)
    if math.isnan(low):
        return
    assert -1 <= low <= difference.mean <= high <= 1
    p = p_value(difference)
    if abs(p - 0.05) > 1e-9 and difference.variance > 0:
        assert (low > 0 or high < 0) == (p < 0.05)


@given(samples([0.0, 1.0]), st.randoms(use_true_random=False))
def test_the_order_of_seeds_and_of_prompts_and_names_of_clusters_say_nothing(sample, random):
    values, clusters = sample
    seeds, prompts = (random.sample(range(n), n) for n in values.shape)
    names = np.array(["f", "c", "a", "e", "d", "b"])
    other = crossed_mean(values[seeds][:, prompts], names[clusters[prompts]])
    assert other == pytest.approx(crossed_mean(values, clusters), nan_ok=True, abs=1e-12)


@given(samples([0.0, 1.0]))
def test_both_together_are_never_better_known_than_either_alone(sample):
    values, clusters = sample
    both = crossed_mean(values, clusters).variance
    by_seed = values.mean(axis=1)
    if len(by_seed) > 1:
        assert both >= by_seed.var(ddof=1) / len(by_seed) - 1e-12
    of_one = crossed_mean(values.mean(axis=0, keepdims=True), clusters).variance
    assert math.isnan(of_one) or both >= of_one - 1e-12


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_corrects_by_at_most_the_number_of_tests(p_values):
    corrected = holm(p_values)
    for p, q in zip(p_values, corrected, strict=True):
        assert p <= q <= min(1, p * len(p_values)) + 1e-12
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[i] for i in order] == sorted(corrected)
