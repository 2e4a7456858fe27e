"""Which neurons are attacked that gradients rank, and their controls."""

import numpy as np

from safeneuron.interventions.settings import TaylorCells
from safeneuron.interventions.taylor_cells import taylor_cells
from safeneuron.interventions.zero_ablate import ZeroAblate

SCORES = np.random.default_rng(1).normal(size=(3, 40)) * [[1.0], [3.0], [0.1]]


def cells(fractions, scores=SCORES):
    settings = TaylorCells(fractions=fractions, control_seeds=[4, 5], operator=ZeroAblate())
    return list(taylor_cells(scores, settings))


def test_the_highest_scores_of_all_layers_together_are_attacked():
    real, *controls = cells([0.1])
    expected = np.zeros(SCORES.size, dtype=bool)
    expected[np.argsort(SCORES.ravel())[-12:]] = True
    np.testing.assert_array_equal(real.intervention.target, expected.reshape(SCORES.shape))
    assert (real.target, real.fraction, real.control_seed) == ("taylor", 0.1, None)
    assert [cell.control_seed for cell in controls] == [4, 5]
    for cell in controls:
        mask = cell.intervention.target
        np.testing.assert_array_equal(mask.sum(axis=1), real.intervention.target.sum(axis=1))
        assert (mask != real.intervention.target).any()


def test_neurons_that_hold_a_refusal_back_are_never_attacked():
    (real, *_) = cells([0.9])
    np.testing.assert_array_equal(real.intervention.target, SCORES > 0)


def test_of_equal_scores_the_first_neurons_are_taken():
    (real, *_) = cells([0.05], np.ones((3, 40)))
    assert np.flatnonzero(real.intervention.target).tolist() == [0, 1, 2, 3, 4, 5]
