"""Moments against exact rational arithmetic, NumPy and SciPy, however the rows are split."""

from fractions import Fraction

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from safeneuron.capture.streaming import Constants, StreamingMoments, stack_layers
from safeneuron.neurons.moments import merge
from synthetic import EPS as FLOAT32
from synthetic import moments_of

EPS = np.finfo(float).eps

seeds = st.integers(0, 2**32 - 1)
cuts = st.lists(st.integers(1, 39), max_size=10, unique=True).map(sorted)
offsets = st.sampled_from([0.0, 1.0, -1e3, 1e6])
deviations = st.sampled_from([1e-3, 1.0, 50.0])


def samples(seed, offset, deviation, rows=40, neurons=3):
    return np.random.default_rng(seed).normal(offset, deviation, size=(rows, neurons))


def two_pass(rows):
    """Moments of [rows, neurons] as those of a one-layer model."""
    return moments_of(rows[:, None])


def merged(parts):
    total, *rest = map(two_pass, parts)
    for part in rest:
        total = merge(total, part)
    return total


def streamed(parts):
    moments = StreamingMoments()
    for part in parts:
        moments.add(torch.from_numpy(part))
    constants = Constants(np.ones((1, parts[0].shape[1])), FLOAT32)
    return stack_layers(moments.count, [moments.mean], [moments.m2], [moments.mean], constants)


def exact(column):
    """Mean and sum of squared deviations without any rounding."""
    values = [Fraction(value) for value in column]
    mean = sum(values) / len(values)
    return mean, sum((value - mean) ** 2 for value in values)


def assert_within_bound(moments, rows, merges):
    """Relative error of the variance at most a small multiple of eps * kappa for each merge."""
    for neuron, column in enumerate(rows.T):
        mean, m2 = exact(column)
        kappa = np.sqrt(1 + float(mean**2 / (m2 / len(column))))
        bound = 4 * EPS * kappa * (merges + np.sqrt(len(column)))
        assert abs(Fraction(moments.m2[0, neuron]) - m2) <= bound * m2
        assert abs(Fraction(moments.mean[0, neuron]) - mean) <= (
            4 * EPS * (merges + 1) * max(abs(column))
        )


@given(seeds, offsets, deviations, cuts)
def test_merging_any_split_stays_within_the_error_bound(seed, offset, deviation, where):
    rows = samples(seed, offset, deviation)
    parts = np.split(rows, where)
    assert_within_bound(merged(parts), rows, len(parts))


@given(seeds, offsets, deviations, cuts)
def test_streaming_any_batches_stays_within_the_error_bound(seed, offset, deviation, where):
    rows = samples(seed, offset, deviation)
    parts = np.split(rows, where)
    assert_within_bound(streamed(parts), rows, len(parts))


@given(seeds, offsets, deviations, cuts)
def test_merged_and_streamed_moments_equal_scipys(seed, offset, deviation, where):
    rows = samples(seed, offset, deviation)
    expected = stats.describe(rows, axis=0, ddof=1)
    for moments in (merged(np.split(rows, where)), streamed(np.split(rows, where))):
        assert moments.count == expected.nobs
        np.testing.assert_allclose(moments.mean[0], expected.mean, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(moments.variance[0], expected.variance, rtol=1e-5)


@given(seeds, offsets, st.integers(1, 40), st.permutations(range(40)))
def test_neither_batch_size_nor_order_matters(seed, offset, batch_size, order):
    rows = samples(seed, offset, 1.0)
    reordered = rows[list(order)]
    batches = [reordered[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    one_by_one, batched = streamed(np.split(rows, len(rows))), streamed(batches)
    np.testing.assert_allclose(batched.mean, one_by_one.mean, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(batched.m2, one_by_one.m2, rtol=1e-8)


@given(seeds, st.integers(1, 39))
def test_merging_is_symmetric(seed, cut):
    a, b = map(two_pass, np.split(samples(seed, 1e3, 1.0), [cut]))
    one, other = merge(a, b), merge(b, a)
    assert one.count == other.count
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-14)
    np.testing.assert_allclose(one.m2, other.m2, rtol=1e-12)


@given(st.floats(-1e6, 1e6), cuts)
def test_a_constant_neuron_has_exactly_no_variance(value, where):
    moments = streamed(np.split(np.full((40, 1), value), where))
    assert moments.mean[0, 0] == value
    assert moments.m2[0, 0] == 0
