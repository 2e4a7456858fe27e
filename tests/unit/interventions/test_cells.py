import numpy as np
import pytest

from safeneuron.interventions.cell import clean_cell
from safeneuron.interventions.cells import attack_cells
from safeneuron.interventions.settings import Cells
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.selection import bottom_neurons, select, top_neurons
from sets import neuron_set

TARGETS, FRACTIONS, SEEDS = ["es", "sas", "es+sas"], [0.05, 0.2], [0, 1, 7]


def asked(targets=TARGETS, fractions=FRACTIONS, control_seeds=SEEDS, order="most"):
    return Cells(
        targets=targets,
        fractions=fractions,
        order=order,
        control_seeds=control_seeds,
        operator=ZeroAblate(),
    )


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
    return list(attack_cells(identified, scores, asked()))


def test_the_clean_cell_intervenes_on_nothing():
    cell = clean_cell()
    assert (cell.target, cell.fraction, cell.control_seed) == ("none", None, None)
    assert cell.intervention.operator.kind == "none"
    assert cell.intervention.size == 0


def test_every_target_at_every_fraction_is_followed_by_its_controls(cells):
    seen = [(c.fraction, c.target, c.control_seed) for c in cells]
    assert seen == [
        (fraction, target, seed)
        for fraction in (None, *FRACTIONS)
        for target in TARGETS
        for seed in (None, *SEEDS)
    ]


def test_a_fraction_needs_scores_and_the_identified_set_does_not(identified):
    assert len(list(attack_cells(identified, None, asked(fractions=[])))) == 12
    with pytest.raises(ValueError, match="no scores"):
        list(attack_cells(identified, None, asked()))


def test_without_a_fraction_the_set_is_the_identified_one(cells, identified):
    masks = {c.target: mask_of(c) for c in cells if c.fraction is None and c.control_seed is None}
    np.testing.assert_array_equal(masks["es"], identified.by("es"))
    np.testing.assert_array_equal(masks["sas"], identified.by("sas"))
    np.testing.assert_array_equal(masks["es+sas"], identified.union)


@pytest.mark.parametrize(("fraction", "count"), [(0.05, 10), (0.2, 40)])
def test_at_a_fraction_all_targets_take_equally_many_neurons(cells, scores, fraction, count):
    chosen = [c for c in cells if c.fraction == fraction and c.control_seed is None]
    assert [c.intervention.size for c in chosen] == [count] * 3
    for cell in chosen:
        np.testing.assert_array_equal(mask_of(cell), top_neurons(scores, cell.target, count))


def test_controls_match_their_set_in_every_layer_but_are_not_it(cells):
    real = None
    for cell in cells:
        if cell.control_seed is not None:
            np.testing.assert_array_equal(mask_of(cell).sum(axis=1), mask_of(real).sum(axis=1))
            assert (cell.target, cell.fraction) == (real.target, real.fraction)
            assert (mask_of(cell) != mask_of(real)).any()
        else:
            real = cell


def test_controls_of_different_seeds_differ(cells):
    masks = [mask_of(c) for c in cells if c.target == "es+sas" and c.fraction == 0.2][1:]
    assert len({mask.tobytes() for mask in masks}) == len(SEEDS)


def test_the_same_attack_has_the_same_cells(cells, identified, scores):
    again = attack_cells(identified, scores, asked())
    for cell, other in zip(cells, again, strict=True):
        np.testing.assert_array_equal(mask_of(cell), mask_of(other))


def test_a_cell_does_not_depend_on_which_others_are_asked_for(cells, identified, scores):
    alone = list(attack_cells(identified, scores, asked(["es+sas"], [0.2], [7])))[-1]
    (same,) = [c for c in cells if (c.target, c.fraction, c.control_seed) == ("es+sas", 0.2, 7)]
    np.testing.assert_array_equal(mask_of(alone), mask_of(same))


def test_from_the_other_end_as_many_neurons_are_taken_as_from_the_first(cells, identified, scores):
    least = list(attack_cells(identified, scores, asked(order="least")))
    assert [(c.fraction, c.target, c.control_seed) for c in least] == [
        (c.fraction, c.target, c.control_seed) for c in cells
    ]
    for cell, most in zip(least, cells, strict=True):
        assert cell.intervention.size == most.intervention.size
        if cell.control_seed is None:
            lowest = bottom_neurons(scores, cell.target, most.intervention.size)
            np.testing.assert_array_equal(mask_of(cell), lowest)
            layers = mask_of(cell).sum(axis=1)  # of the controls that follow
        else:
            np.testing.assert_array_equal(mask_of(cell).sum(axis=1), layers)
    with pytest.raises(ValueError, match="no scores to rank"):
        list(attack_cells(identified, None, asked(fractions=[], order="least")))
