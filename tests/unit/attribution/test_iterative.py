"""Neurons found anew, against the paper's formulas in NumPy on a model that was pruned by hand."""

import copy

import numpy as np
import pytest
import torch

import tiny
from safeneuron.attribution.iterative import found_again
from safeneuron.attribution.settings import SelectedAgain
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.found_again import read_found_again, write_found_again
from safeneuron.neurons.settings import Fraction
from sets import ABOUT

TIMES, SHARE = 4, 0.1
UNSAFE = tiny.token_prompts(30, seed=1)
SAFE = [[(token + 17) % 61 + 3 for token in ids] for ids in tiny.token_prompts(26, seed=2)]


def selected(rule, criteria=("es", "sas")):
    return SelectedAgain(
        selection="any", criteria=[*criteria], rule=rule, pooling="meanabs", times=TIMES
    )


def pooled(model, prompts):
    """Mean magnitudes, [prompts, layers, neurons]."""
    return np.array(
        [
            [np.abs(layer).mean(axis=0) for layer in of_prompt]
            for of_prompt in tiny.recorded_activations(model, prompts)
        ]
    )


def scores_by_hand(model):
    """Cohen's d (Eq. 5 and 6) and the z-scored shift (Eq. 10); NaN where the shift is not up."""
    unsafe, safe = pooled(model, UNSAFE), pooled(model, SAFE)
    shift = unsafe.mean(axis=0) - safe.mean(axis=0)
    squares = [(len(side) - 1) * side.var(axis=0, ddof=1) for side in (unsafe, safe)]
    spread = np.sqrt(sum(squares) / (len(UNSAFE) + len(SAFE) - 2))
    with np.errstate(invalid="ignore"):
        d = shift / spread
    z = (shift - shift.mean(axis=1, keepdims=True)) / shift.std(axis=1, keepdims=True)
    return [np.where(shift > 0, of, np.nan) for of in (d, z)]


def best(scores, taken, count):
    """The so many highest that are not taken."""
    values = np.where(np.isnan(scores) | taken, -np.inf, scores)
    mask = np.zeros(values.size, dtype=bool)
    mask[np.argsort(-values.ravel())[:count]] = True
    return mask.reshape(values.shape)


def pruned(model, taken):
    """The model with the neurons' up rows set to zero, so that they are zero on all tokens."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        for layer, row in zip(other.model.layers, taken, strict=True):
            layer.mlp.up_proj.weight[torch.from_numpy(row)] = 0
    return other


@pytest.fixture(scope="module")
def model():
    return tiny.build()


@pytest.fixture(scope="module")
def by_hand(model):
    """Time after time the masks of both criteria."""
    count = round(SHARE * tiny.LAYERS * tiny.NEURONS)
    taken = np.zeros((tiny.LAYERS, tiny.NEURONS), dtype=bool)
    found = []
    for _ in range(TIMES):
        found.append([best(of, taken, count) for of in scores_by_hand(pruned(model, taken))])
        taken = taken | found[-1][0] | found[-1][1]
    return found


def found(model, first, rule, batch_size=8):
    return [*found_again(model, UNSAFE, SAFE, first, selected(rule), batch_size, tiny.PAD)]


def named(masks):
    return dict(zip(("es", "sas"), masks, strict=True))


def unions(found):
    return [np.logical_or.reduce([*masks.values()]) for masks in found]


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_each_time_finds_what_is_found_on_the_pruned_model(model, by_hand, batch_size):
    result = found(model, named(by_hand[0]), Fraction(fraction=SHARE), batch_size)
    assert len(result) == TIMES
    for masks, expected in zip(result, by_hand, strict=True):
        np.testing.assert_array_equal(masks["es"], expected[0])
        np.testing.assert_array_equal(masks["sas"], expected[1])


def test_pruning_changes_what_is_found(model, by_hand):
    """What makes the test above one of pruning: the next best of the clean model are others."""
    count = round(SHARE * tiny.LAYERS * tiny.NEURONS)
    taken = by_hand[0][0] | by_hand[0][1]
    unpruned = [best(of, taken, count) for of in scores_by_hand(model)]
    assert any((a != b).any() for a, b in zip(unpruned, by_hand[1], strict=True))


def test_the_first_time_is_the_set_that_was_given_and_no_neuron_is_found_twice(model, by_hand):
    first = named(by_hand[0])
    result = found(model, first, Fraction(fraction=SHARE))
    assert result[0] is first
    assert np.sum(unions(result), axis=0).max() == 1
    assert all(union.any() for union in unions(result))


def test_a_score_that_a_zeroed_neuron_has_finds_it_no_second_time(model, by_hand):
    """A shift of 0 may be far from its layer's mean, which counts under this criterion."""
    first, again = {"abs_sas": by_hand[0][0]}, selected(Fraction(fraction=0.9), ["abs_sas"])
    result = [*found_again(model, UNSAFE, SAFE, first, again, 8, tiny.PAD)]
    assert np.sum(unions(result), axis=0).max() == 1


def test_a_time_may_find_none_by_thresholds(model, by_hand):
    result = found(model, named(by_hand[0]), Thresholds(es=50.0, sas=50.0))
    assert [union.any() for union in unions(result)] == [True, False, False, False]


def test_what_was_found_comes_back_from_its_file_nested(model, by_hand, tmp_path):
    result = [named(masks) for masks in by_hand]
    path = tmp_path / "found.parquet"
    none = {name: np.zeros_like(mask) for name, mask in result[0].items()}
    present = np.ones_like(by_hand[0][0])
    present[1, -3:] = False  # a narrower layer
    write_found_again(path, [*result, none], ABOUT, present)
    so_far, criteria, grid = read_found_again(path)
    assert criteria == "es+sas"
    np.testing.assert_array_equal(grid, present)
    expected = np.logical_or.accumulate([*unions(result), unions([none])[0]])
    np.testing.assert_array_equal(so_far, expected)
    assert [mask.sum() for mask in so_far] == sorted(mask.sum() for mask in so_far)
