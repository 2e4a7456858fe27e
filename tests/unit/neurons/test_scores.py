import math
from statistics import fmean, variance

import numpy as np
import pytest
from scipy import stats

from safeneuron.neurons.criteria.activation_shift import layer_z
from safeneuron.neurons.criteria.effect_size import effect_size, rounding
from safeneuron.neurons.criteria.welch import welch
from safeneuron.neurons.scores import score
from synthetic import EPS, moments, moments_of


def cohens_d(unsafe, safe):
    """The paper's Equations 5 and 6 from one neuron's raw activations."""
    n_unsafe, n_safe = len(unsafe), len(safe)
    pooled = math.sqrt(
        ((n_unsafe - 1) * variance(unsafe) + (n_safe - 1) * variance(safe))
        / (n_unsafe + n_safe - 2)
    )
    return (fmean(unsafe) - fmean(safe)) / pooled


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    deviation = rng.uniform(0.1, 3, size=(3, 5))
    unsafe = rng.normal(rng.normal(size=(3, 5)), deviation, size=(11, 3, 5))
    safe = rng.normal(rng.normal(size=(3, 5)), 2 * deviation, size=(6, 3, 5))
    return unsafe, safe


def test_effect_size_is_the_papers_for_groups_of_different_size_and_variance(samples):
    unsafe, safe = samples
    expected = [
        [cohens_d(list(unsafe[:, layer, j]), list(safe[:, layer, j])) for j in range(5)]
        for layer in range(3)
    ]
    scores = score(moments_of(unsafe), moments_of(safe))
    np.testing.assert_allclose(scores["es"], expected, rtol=1e-12)


def test_effect_size_of_a_hand_computed_example():
    # means 5 and 2, variances 4 and 2/3, pooled (2 * 4 + 3 * 2/3) / 5 = 2
    unsafe, safe = [[[3.0]], [[5.0]], [[7.0]]], [[[1.0]], [[2.0]], [[2.0]], [[3.0]]]
    assert effect_size(moments_of(unsafe), moments_of(safe))[0, 0] == pytest.approx(3 / 2**0.5)


def test_shift_is_the_difference_of_the_means_and_its_z_is_scipys_in_each_layer(samples):
    unsafe, safe = samples
    scores = score(moments_of(unsafe), moments_of(safe))
    shift = unsafe.mean(axis=0) - safe.mean(axis=0)
    np.testing.assert_allclose(scores["shift"], shift, rtol=1e-12)
    np.testing.assert_allclose(scores["sas"], stats.zscore(shift, axis=1), rtol=1e-10)


def test_exchanging_unsafe_and_safe_negates_every_score(samples):
    unsafe, safe = map(moments_of, samples)
    forward, backward = score(unsafe, safe), score(safe, unsafe)
    np.testing.assert_array_equal(forward["es"], -backward["es"])
    np.testing.assert_allclose(forward["sas"], -backward["sas"], rtol=1e-12)


def test_two_sided_scores_are_magnitudes_of_the_one_sided(samples):
    scores = score(*map(moments_of, samples))
    for name in ("es", "sas", "welch"):
        np.testing.assert_array_equal(scores[f"abs_{name}"], np.abs(scores[name]))


PRECISIONS = pytest.mark.parametrize("eps", [EPS, 2.0**-7], ids=["float32", "bfloat16"])


@PRECISIONS
def test_a_neuron_constant_on_both_sides_has_no_effect_or_the_largest_one(eps):
    unsafe = moments(4, np.array([[1.0, 2.0, 0.0, 0.0]]), np.zeros((1, 4)), eps=eps)
    safe = moments(4, np.array([[1.0, 1.0, 1.0, 0.0]]), np.zeros((1, 4)), eps=eps)
    most = 1 / (eps + 2 * EPS)  # a shift of once its size
    np.testing.assert_allclose(effect_size(unsafe, safe), [[0, most / 2, -most, 0]], rtol=1e-12)


@PRECISIONS
def test_a_spread_below_rounding_is_unknown_and_a_shift_below_rounding_is_none(eps):
    floor = eps + 2 * EPS  # of 4 neurons around -1
    spread = np.array([[0.9, 0.9, 1.1, 1.1]]) * floor
    shift = np.array([[0.9, -1.2, 0.9, -1.1]]) * floor
    unsafe = moments(2, -np.ones((1, 4)), spread**2, eps=eps)
    safe = moments(2, -1 - shift, spread**2, eps=eps)
    np.testing.assert_allclose(rounding(unsafe, safe), np.full((1, 4), floor), rtol=2 * floor)
    expected = [[0.0, -1.2, 0.9 / 1.1, -1.0]]
    np.testing.assert_allclose(effect_size(unsafe, safe), expected, rtol=2 * floor)


def test_the_size_of_rounding_is_that_of_magnitudes_and_grows_with_depth_and_width():
    # 4 layers of 9 neurons, whose largest activations are near zero among others of size 3
    near_zero = np.full((4, 9), 1e-6)
    unsafe = moments(2, near_zero, near_zero, magnitude=3 * np.ones((4, 9)), eps=2.0**-7)
    safe = moments(2, near_zero, near_zero, magnitude=np.ones((4, 9)), eps=2.0**-7)
    expected = 3 * (2 * 2.0**-7 + 3 * EPS)
    np.testing.assert_allclose(rounding(unsafe, safe), np.full((4, 9), expected), rtol=1e-12)


def test_a_neuron_that_is_constant_on_one_side_has_the_papers_effect_size():
    unsafe, safe = [[[3.0]], [[3.0]]], [[[1.0]], [[2.0]], [[3.0]]]
    assert effect_size(moments_of(unsafe), moments_of(safe)) == pytest.approx(1 / (2 / 3) ** 0.5)


def test_the_shift_of_writes_is_that_of_activations_times_the_write_norm(samples):
    norm = np.random.default_rng(1).uniform(0.1, 3, size=(3, 5))
    unsafe, safe = samples
    scores = score(*(moments_of(side, norm) for side in samples))
    written = norm * (unsafe.mean(axis=0) - safe.mean(axis=0))
    np.testing.assert_allclose(scores["write_sas"], stats.zscore(written, axis=1), rtol=1e-10)
    assert not np.allclose(scores["write_sas"], scores["sas"], rtol=0.1)


def test_welchs_t_and_its_freedom_are_scipys_for_sides_of_different_size_and_variance(samples):
    unsafe, safe = samples
    expected = stats.ttest_ind(unsafe, safe, axis=0, equal_var=False)
    scores = score(moments_of(unsafe), moments_of(safe))
    np.testing.assert_allclose(scores["welch"], expected.statistic, rtol=1e-12)
    np.testing.assert_allclose(scores["welch_freedom"], expected.df, rtol=1e-12)


def test_welchs_t_is_cohens_d_times_the_factor_that_the_theorem_leaves_out():
    # of equal variances, so that Welch's and the pooled error are one: sqrt(n_u n_s / (n_u + n_s))
    unsafe = moments(9, np.array([[1.0, 0.2]]), 8 * np.array([[4.0, 9.0]]))
    safe = moments(16, np.array([[0.0, 0.5]]), 15 * np.array([[4.0, 9.0]]))
    factor = math.sqrt(9 * 16 / (9 + 16))
    np.testing.assert_allclose(
        welch(unsafe, safe).t, factor * effect_size(unsafe, safe), rtol=1e-12
    )


def test_a_neuron_constant_on_both_sides_has_a_t_of_none_or_of_rounding():
    unsafe = moments(4, np.array([[1.0, 2.0, 0.0]]), np.zeros((1, 3)))
    safe = moments(6, np.array([[1.0, 1.0, 0.0]]), np.zeros((1, 3)))
    t, freedom = welch(unsafe, safe)
    floor = rounding(unsafe, safe)[0, 1]
    np.testing.assert_allclose(t, [[0, 1 / (floor * math.sqrt(1 / 4 + 1 / 6)), 0]], rtol=1e-12)
    assert (freedom[0, 0], freedom[0, 2]) == (8, 8)
    assert freedom[0, 1] == pytest.approx((1 / 4 + 1 / 6) ** 2 / (1 / 48 + 1 / 180))


@pytest.mark.parametrize("shift", [0.0, 1.0, 0.1, -1e-3])
def test_a_layer_in_which_all_neurons_shift_alike_scores_zero(shift):
    np.testing.assert_array_equal(layer_z(np.full((2, 48), shift)), np.zeros((2, 48)))


@pytest.mark.parametrize("field", ["mean", "m2", "magnitude"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["unsafe", "safe"])
def test_values_that_are_not_finite_are_an_error_that_names_layer_and_neuron(side, value, field):
    sides = {s: moments(3, np.zeros((2, 4)), np.ones((2, 4))) for s in ("unsafe", "safe")}
    getattr(sides[side], field)[1, 2] = value
    with pytest.raises(ValueError, match=rf"on {side} prompts, first layer 1, neuron 2"):
        score(**sides)


@pytest.mark.parametrize("side", ["unsafe", "safe"])
def test_fewer_than_two_prompts_on_a_side_are_an_error(side):
    counts = {"unsafe": 2, "safe": 2, side: 1}
    sides = {s: moments(n, np.zeros((1, 2)), np.ones((1, 2))) for s, n in counts.items()}
    with pytest.raises(ValueError, match=f"1 {side} prompts"):
        score(**sides)


def test_moments_of_different_models_are_an_error():
    a, b = (moments(2, np.zeros(shape), np.ones(shape)) for shape in ((2, 3), (2, 4)))
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 4\)"):
        score(a, b)


@pytest.mark.parametrize("other", [{"write_norm": np.full((2, 3), 1.01)}, {"eps": 2.0**-7}])
def test_moments_of_models_that_write_otherwise_or_are_of_other_precision_are_an_error(other):
    values = np.zeros((2, 3)), np.ones((2, 3))
    with pytest.raises(ValueError, match="of different models"):
        score(moments(2, *values), moments(2, *values, **other))
