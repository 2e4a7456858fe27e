import numpy as np
import pytest

from safeneuron.interventions.cells import attack_cells, clean_cell
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.selection import select, top_neurons
from sets import neuron_set

LEVELS, FRACTIONS, SEEDS = ["es", "sas", "full"], [0.05, 0.2], [0, 1, 7]


def mask_of(cell):
    return cell.intervention.target


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    shift = rng.normal(size=(4, 50))
    shift_z = (shift - shift.mean(axis=1, keepdims=True)) / shift.std(axis=1, keepdims=True)
    return {"es": shift / rng.uniform(0.1, 2, size=shift.shape), "sas": shift_z, "shift": shift}


@pytest.fixture(scope="module")
def identified(scores):
    return neuron_set(**select(scores, ["es", "sas"], Thresholds(es=1.5, sas=1.5)))


@pytest.fixture(scope="module")
def cells(identified, scores):
    return list(attack_cells(identified, scores, LEVELS, FRACTIONS, SEEDS, ZeroAblate()))


def test_the_clean_cell_zeroes_nothing():
    cell = clean_cell((4, 50))
    assert (cell.level, cell.selector) == ("ori", "none")
    assert (cell.fraction, cell.control_seed) == (None, None)
    assert mask_of(cell).shape == (4, 50)
    assert cell.intervention.size == 0


def test_every_level_at_every_strength_is_followed_by_its_controls(cells):
    seen = [(c.fraction, c.level, c.selector, c.control_seed) for c in cells]
    assert seen == [
        (fraction, level, selector, seed)
        for fraction in (None, *FRACTIONS)
        for level in LEVELS
        for selector, seed in ((level, None), *(("random", s) for s in SEEDS))
    ]


def test_without_a_fraction_the_set_is_the_identified_one(cells, identified):
    masks = {c.level: mask_of(c) for c in cells if c.fraction is None and c.selector != "random"}
    np.testing.assert_array_equal(masks["es"], identified.by("es"))
    np.testing.assert_array_equal(masks["sas"], identified.by("sas"))
    np.testing.assert_array_equal(masks["full"], identified.union)


@pytest.mark.parametrize(("fraction", "count"), [(0.05, 10), (0.2, 40)])
def test_at_a_fraction_all_levels_zero_equally_many_neurons(cells, scores, fraction, count):
    chosen = [c for c in cells if c.fraction == fraction and c.selector != "random"]
    assert [c.intervention.size for c in chosen] == [count] * 3
    for cell in chosen:
        target = "es+sas" if cell.level == "full" else cell.level
        np.testing.assert_array_equal(mask_of(cell), top_neurons(scores, target, count))


def test_controls_match_their_set_in_every_layer_but_are_not_it(cells):
    real = None
    for cell in cells:
        if cell.selector == "random":
            np.testing.assert_array_equal(mask_of(cell).sum(axis=1), mask_of(real).sum(axis=1))
            assert (cell.level, cell.fraction) == (real.level, real.fraction)
            assert (mask_of(cell) != mask_of(real)).any()
        else:
            real = cell


def test_controls_of_different_seeds_differ(cells):
    masks = [mask_of(c) for c in cells if c.level == "full" and c.fraction == 0.2][1:]
    assert len({mask.tobytes() for mask in masks}) == len(SEEDS)


def test_the_same_attack_has_the_same_cells(cells, identified, scores):
    again = attack_cells(identified, scores, LEVELS, FRACTIONS, SEEDS, ZeroAblate())
    for cell, other in zip(cells, again, strict=True):
        np.testing.assert_array_equal(mask_of(cell), mask_of(other))


def test_a_cell_does_not_depend_on_which_others_are_asked_for(cells, identified, scores):
    alone = list(attack_cells(identified, scores, ["full"], [0.2], [7], ZeroAblate()))[-1]
    (same,) = [c for c in cells if (c.level, c.fraction, c.control_seed) == ("full", 0.2, 7)]
    np.testing.assert_array_equal(mask_of(alone), mask_of(same))
