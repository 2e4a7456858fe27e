import numpy as np
import pytest

from safeneuron.neurons.overlap import (
    MAX_CATEGORIES,
    MEASURES,
    overlap_curves,
    overlap_null,
    regrouped_null,
)
from safeneuron.neurons.random_sets import matched_random
from safeneuron.statistics.intervals import prediction_interval


def identical_sets(categories=4, share=0.3):
    one = np.random.default_rng(0).random((3, 40)) < share
    return np.stack([one] * categories)


def test_a_hand_computed_example():
    sets = np.zeros((3, 1, 6), dtype=bool)
    for mask, neurons in zip(sets, ([0, 1, 2, 3], [2, 3, 4], [3, 5]), strict=True):
        mask[0, neurons] = True
    curves = overlap_curves(sets)
    # pairs 2/5, 1/5, 1/4; all three 1/6
    over_union = curves["intersection_over_union"]
    assert over_union.mean.tolist() == pytest.approx([(0.4 + 0.2 + 0.25) / 3, 1 / 6])
    assert over_union.low.tolist() == pytest.approx([0.2, 1 / 6])
    assert over_union.high.tolist() == pytest.approx([0.4, 1 / 6])
    # smallest of each pair 3, 2, 2; of all three 2
    over_smallest = curves["intersection_over_smallest"]
    assert over_smallest.mean.tolist() == pytest.approx([(2 / 3 + 1 / 2 + 1 / 2) / 3, 1 / 2])
    # the pairs' own indices, so at K = 3 the mean of the same three numbers
    jaccard = curves["mean_pairwise_jaccard"]
    assert jaccard.mean.tolist() == pytest.approx([(0.4 + 0.2 + 0.25) / 3] * 2)


def test_identical_sets_overlap_wholly_and_disjoint_sets_not_at_all():
    disjoint = np.eye(4, dtype=bool)[:, None]
    for name in MEASURES:
        assert overlap_curves(identical_sets())[name].mean.tolist() == [1.0, 1.0, 1.0]
        assert overlap_curves(identical_sets())[name].sd.tolist() == [0.0, 0.0, 0.0]
        assert overlap_curves(disjoint)[name].high.tolist() == [0.0, 0.0, 0.0]


def test_empty_sets_have_no_overlap():
    for curve in overlap_curves(np.zeros((3, 2, 4), dtype=bool)).values():
        assert curve.mean.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("categories", [0, 1, MAX_CATEGORIES + 1])
def test_too_few_or_too_many_categories_are_an_error(categories):
    assert MAX_CATEGORIES == 20
    with pytest.raises(ValueError, match=f"{categories} categories; overlap needs 2 to 20"):
        overlap_curves(np.ones((categories, 1, 2), dtype=bool))


def test_many_categories_are_exact():
    # category c holds neurons c, c + 1, ...: K sets share what the last of them holds
    sets = np.triu(np.ones((12, 12), dtype=bool))[:, None]
    curve = overlap_curves(sets)["intersection_over_union"]
    assert curve.low[-1] == curve.high[-1] == pytest.approx(1 / 12)
    assert curve.high[0] == pytest.approx(11 / 12)
    assert curve.low[0] == pytest.approx(1 / 12)


def test_the_null_of_identical_sets_lies_below_their_overlap():
    sets = identical_sets()
    curves, nulls = overlap_curves(sets), overlap_null(sets, 30, np.random.default_rng(0))
    for name in MEASURES:
        assert (nulls[name].high < curves[name].mean).all()
        assert (nulls[name].low <= nulls[name].mean).all()
        assert (nulls[name].mean <= nulls[name].high).all()


def test_the_null_of_two_sets_is_their_expected_chance_overlap():
    # two random sets of 10 of 40 neurons share 2.5 on average
    sets = np.zeros((2, 1, 40), dtype=bool)
    sets[:, :, :10] = True
    null = overlap_null(sets, 2000, np.random.default_rng(0))["intersection_over_smallest"]
    assert null.mean[0] == pytest.approx(0.25, abs=0.01)


def test_the_null_keeps_each_layers_counts():
    # whole layers leave nothing to chance
    sets = np.zeros((3, 4, 6), dtype=bool)
    sets[:, 1] = True
    for null in overlap_null(sets, 5, np.random.default_rng(0)).values():
        assert null.low.tolist() == null.mean.tolist() == null.high.tolist() == [1.0, 1.0]


def test_the_null_of_sets_in_different_layers_is_nothing():
    sets = np.zeros((2, 2, 6), dtype=bool)
    sets[0, 0, :3] = sets[1, 1, :3] = True
    for null in overlap_null(sets, 5, np.random.default_rng(0)).values():
        assert null.high.tolist() == [0.0]


@pytest.mark.parametrize("neurons", [40, 7])  # more, and fewer, than there are subsets
def test_the_null_is_that_of_sets_placed_neuron_by_neuron(neurons):
    rng = np.random.default_rng(1)
    sets = rng.random((4, 3, neurons)) < np.array([0.2, 0.3, 0.5, 0.6])[:, None, None]
    null = overlap_null(sets, 600, np.random.default_rng(0))
    placed = [
        overlap_curves(np.stack([matched_random(mask, rng) for mask in sets])) for _ in range(600)
    ]
    for name in MEASURES:
        curves = np.array([curve[name].mean for curve in placed])
        # means of 600 draws differ by some 0.003
        np.testing.assert_allclose(null[name].mean, curves.mean(axis=0), atol=0.012)
        bounds = np.quantile(curves, [0.025, 0.975], axis=0)
        np.testing.assert_allclose([null[name].low, null[name].high], bounds, atol=0.06)


def test_the_nulls_band_covers_its_share_of_the_draws():
    sets = identical_sets(categories=2)
    wide = overlap_null(sets, 200, np.random.default_rng(0), coverage=1.0)
    narrow = overlap_null(sets, 200, np.random.default_rng(0), coverage=0.5)
    for name in MEASURES:
        assert wide[name].low < narrow[name].low < narrow[name].high < wide[name].high


def test_a_seed_gives_one_null():
    one, again = (overlap_null(identical_sets(), 5, np.random.default_rng(3)) for _ in range(2))
    for name in MEASURES:
        np.testing.assert_array_equal(one[name], again[name])


def test_the_null_of_few_draws_is_their_mean_and_where_the_next_one_lies():
    draws = [np.random.default_rng(seed).random((3, 2, 200)) < 0.3 for seed in range(4)]
    found = regrouped_null(draws)["intersection_over_union"]
    curves = [overlap_curves(sets)["intersection_over_union"].mean for sets in draws]
    np.testing.assert_allclose(found.mean, np.mean(curves, axis=0))
    for at in range(2):
        assert (found.low[at], found.high[at]) == prediction_interval([c[at] for c in curves])


def test_the_null_of_few_draws_stays_within_what_an_overlap_can_be():
    same = np.ones((3, 1, 4), dtype=bool)
    disjoint = np.eye(3, 4, dtype=bool)[:, None]
    for null in regrouped_null([same, disjoint]).values():
        assert (null.mean.tolist(), null.low.tolist(), null.high.tolist()) == (
            [0.5, 0.5],
            [0.0, 0.0],
            [1.0, 1.0],
        )


@pytest.mark.parametrize("categories", [2, 3, 12])
def test_a_draws_curve_is_the_mean_over_the_subsets_of_each_size(categories):
    rng = np.random.default_rng(0)
    # some share neurons, one is empty, and most subsets of many share nothing
    sets = rng.random((categories, 3, 40)) < 0.2
    sets[:, 0] |= rng.random(40) < 0.1
    sets[-1] = False
    curves, null = overlap_curves(sets), regrouped_null([sets, sets])
    for name, curve in curves.items():
        np.testing.assert_allclose(null[name].mean, curve.mean, rtol=1e-12, atol=1e-15)
