import numpy as np
import pytest

from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.selection import bottom_neurons, by_probe, select, top_neurons
from safeneuron.neurons.settings import Count, Fraction

PAPER = ["es", "sas"]
THRESHOLDS = Thresholds(es=3.0, sas=2.0)


def all_scores(effect_size, shift, shift_z):
    return {
        "es": effect_size,
        "sas": shift_z,
        "abs_es": np.abs(effect_size),
        "abs_sas": np.abs(shift_z),
        "shift": shift,
    }


def scores_of(effect_size, shift_z, shift=None):
    """Scores of a one-layer model; shifts have the signs of the effect sizes unless given."""
    effect_size, shift_z = np.array([effect_size], float), np.array([shift_z], float)
    shift = np.sign(effect_size) if shift is None else np.array([shift], float)
    return all_scores(effect_size, shift, shift_z)


def chosen(mask):
    return np.flatnonzero(mask).tolist()


@pytest.fixture
def scores():
    """A 4 x 50 model whose two rankings differ; shift and effect size agree in sign."""
    rng = np.random.default_rng(0)
    shift = rng.normal(size=(4, 50))
    shift_z = (shift - shift.mean(axis=1, keepdims=True)) / shift.std(axis=1, keepdims=True)
    return all_scores(shift / rng.uniform(0.1, 2, size=shift.shape), shift, shift_z)


def test_thresholds_are_exceeded_and_not_only_reached():
    scores = scores_of([2.9, 3.0, np.nextafter(3, 4)], [1.9, 2.0, np.nextafter(2, 3)], [1, 1, 1])
    selected = select(scores, PAPER, THRESHOLDS)
    assert chosen(selected["es"]) == [2]
    assert chosen(selected["sas"]) == [2]


def test_thresholds_are_one_sided():
    selected = select(scores_of([-9, 9], [-9, 9]), PAPER, THRESHOLDS)
    assert chosen(selected["es"]) == chosen(selected["sas"]) == [1]


def test_two_sided_criteria_take_neurons_that_fall_silent_as_well():
    scores = scores_of([-9, 9, 1, -1], [-9, 9, 1, -1])
    rule = Thresholds(abs_es=3.0, abs_sas=2.0)
    selected = select(scores, ["abs_es", "abs_sas"], rule)
    assert chosen(selected["abs_es"]) == chosen(selected["abs_sas"]) == [0, 1]
    assert chosen(top_neurons(scores, "abs_es+abs_sas", 2)) == [0, 1]


def test_a_neuron_high_in_its_layer_is_not_selected_unless_its_own_shift_is_positive():
    scores = scores_of([-0.1, 0, 0.1], [9, 9, 9], shift=[-0.5, 0.0, 0.5])
    assert chosen(select(scores, PAPER, THRESHOLDS)["sas"]) == [2]
    assert chosen(select(scores, PAPER, Count(count=3))["sas"]) == [2]


def test_the_set_is_the_union_of_both_criteria():
    selected = select(scores_of([9, 1, 9, 1], [9, 9, 1, 1]), PAPER, THRESHOLDS)
    assert chosen(selected["es"] | selected["sas"]) == [0, 1, 2]


def test_by_count_takes_exactly_the_highest_of_the_whole_model(scores):
    for count in (1, 7, 40):
        selected = select(scores, PAPER, Count(count=count))
        for name, mask in selected.items():
            values, eligible = scores[name], scores["shift"] > 0
            assert mask.sum() == count
            assert values[mask].min() >= values[eligible & ~mask].max()


def test_by_count_never_takes_neurons_that_do_not_fire_more_on_unsafe_prompts(scores):
    selected = select(scores, PAPER, Count(count=scores["shift"].size))
    np.testing.assert_array_equal(selected["es"], scores["shift"] > 0)
    np.testing.assert_array_equal(selected["sas"], scores["shift"] > 0)


def test_ties_go_to_the_lower_layer_and_then_the_lower_neuron():
    values = np.array([[1.0, 5.0, 5.0], [5.0, 9.0, 5.0]])
    scores = all_scores(values, values, values)
    assert chosen(top_neurons(scores, "es", 3)) == [1, 2, 4]
    assert chosen(top_neurons(scores, "es", 4)) == [1, 2, 3, 4]


def test_the_bottom_is_the_lowest_score_of_all_neurons_whatever_is_eligible(scores):
    for name in ("es", "sas", "abs_es"):
        lowest = np.sort(scores[name], axis=None)
        for count in (1, 30, 180):
            mask = bottom_neurons(scores, name, count)
            np.testing.assert_array_equal(np.sort(scores[name][mask]), lowest[:count])
    assert (scores["shift"][bottom_neurons(scores, "es", 30)] < 0).all()


def test_of_several_criteria_the_bottom_is_low_in_all():
    # descending ranks by effect size 0 1 2 3, by shift 1 3 2 0: best ranks 0 1 2 0
    scores = scores_of([8, 7, 6, 5], [3, 1, 2, 9])
    assert chosen(bottom_neurons(scores, "es+sas", 1)) == [2]
    assert chosen(bottom_neurons(scores, "es+sas", 2)) == [1, 2]
    assert chosen(bottom_neurons(scores, "es+sas", 3)) == [0, 1, 2]


def test_top_and_bottom_have_no_neuron_in_common_up_to_a_half(scores):
    for target in ("es", "sas", "abs_es"):
        assert not (top_neurons(scores, target, 60) & bottom_neurons(scores, target, 60)).any()


def test_a_neuron_without_a_score_is_at_no_end():
    scores = scores_of([3, np.nan, 1, -2], [1, np.nan, 2, 3])
    assert chosen(bottom_neurons(scores, "es", 2)) == [2, 3]
    assert chosen(bottom_neurons(scores, "es", 4)) == [0, 2, 3]


def test_infinite_effect_sizes_rank_first():
    assert chosen(top_neurons(scores_of([1, np.inf, 3], [1, 2, 3]), "es", 1)) == [1]


@pytest.mark.parametrize("count", [0, 1, 13, 60])
def test_all_targets_have_equally_many_neurons(scores, count):
    targets = ("es", "sas", "es+sas")
    assert {int(top_neurons(scores, target, count).sum()) for target in targets} == {count}


def test_one_criterion_takes_the_highest_by_its_own_score(scores):
    for name, mask in select(scores, PAPER, Count(count=20)).items():
        np.testing.assert_array_equal(top_neurons(scores, name, 20), mask)


def test_several_criteria_take_the_best_rank_in_either_list():
    # ranks by effect size 0 1 2 3, by shift 3 2 0 1: best ranks 0 1 0 1
    scores = scores_of([8, 7, 6, 5], [1, 2, 9, 3])
    assert chosen(top_neurons(scores, "es+sas", 1)) == [0]
    assert chosen(top_neurons(scores, "es+sas", 2)) == [0, 2]
    assert chosen(top_neurons(scores, "es+sas", 3)) == [0, 1, 2]


def test_a_fraction_is_of_all_neurons_and_for_each_criterion(scores):
    selected = select(scores, PAPER, Fraction(fraction=0.05))
    assert selected["es"].sum() == selected["sas"].sum() == 10
    assert 10 < (selected["es"] | selected["sas"]).sum() < 20


def test_selecting_by_thresholds_is_by_thresholds(scores):
    selected = select(scores, PAPER, Thresholds(es=1.0, sas=1.5))
    np.testing.assert_array_equal(selected["es"], scores["es"] > 1)
    np.testing.assert_array_equal(selected["sas"], (scores["sas"] > 1.5) & (scores["shift"] > 0))


def test_a_rule_that_selects_nothing_is_an_error_that_shows_the_largest_scores():
    scores = scores_of([0.25, -1], [1.5, -1])
    with pytest.raises(ValueError, match=r"selects 0 of 2 .* size 0\.25, .* shift 1\.5"):
        select(scores, PAPER, THRESHOLDS)


def test_a_rule_that_selects_everything_is_an_error():
    with pytest.raises(ValueError, match="selects 2 of 2"):
        select(scores_of([1, 2], [1, 2]), PAPER, Fraction(fraction=1.0))


def test_a_probe_takes_positive_weights_above_z_in_their_layer():
    # one of 11 weights apart from the others has z = sqrt(10) = 3.16, two of them z = sqrt(4.5)
    weights = np.zeros((5, 11))
    weights[0, 4] = 0.2
    weights[1, 4] = -0.2
    weights[2, [4, 5]] = 0.2
    weights[3] = -5
    weights[3, 4] = -1  # z = 3.16, but below 0
    weights[4] = 7  # no variation
    selected = by_probe(weights, z=3.0)
    assert np.argwhere(selected).tolist() == [[0, 4]]
    assert np.argwhere(by_probe(weights, z=2.0)).tolist() == [[0, 4], [2, 4], [2, 5]]
    assert not by_probe(weights, z=3.2).any()
