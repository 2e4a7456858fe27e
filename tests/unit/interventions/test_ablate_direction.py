"""The operator on directions: what every operator promises, and cells by number of directions."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.directions.projection import projected_out
from safeneuron.interventions.ablate_direction import AblateDirection
from safeneuron.interventions.direction_cells import NoDirectionError, direction_cells
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import DirectionCells

ROWS = np.linalg.qr(np.random.default_rng(1).normal(size=(tiny.HIDDEN, 3)))[0].T
IDS = torch.tensor([[3, 1, 4, 1, 5]])
KINDS = ["direction_write", "direction_write_read"]


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


@pytest.mark.parametrize("kind", KINDS)
def test_a_strength_is_how_many_of_the_directions_are_removed(kind):
    model, operator = tiny.build(), AblateDirection(kind=kind, phases=3)
    assert operator.at_strengths() == [1, 2, 3]
    for strength in operator.at_strengths():
        with Intervention(operator, ROWS, strength).applied(model):
            attacked = logits(model)
        with projected_out(model, ROWS[: int(strength)], kind == "direction_write_read"):
            assert torch.equal(logits(model), attacked)


def test_a_control_is_as_many_random_orthonormal_directions():
    operator = AblateDirection(kind="direction_write", phases=3)
    draws = [operator.control(ROWS, np.random.default_rng(seed)) for seed in range(400)]
    for draw in draws:
        np.testing.assert_allclose(draw @ draw.T, np.eye(3), atol=1e-12)
    # of any direction, a random one has 1 / hidden on average
    shares = np.square(np.array(draws) @ ROWS.T).mean(axis=(0, 1))
    np.testing.assert_allclose(shares, 1 / tiny.HIDDEN, rtol=0.15)
    again = operator.control(ROWS, np.random.default_rng(0))
    np.testing.assert_array_equal(again, draws[0])


def test_no_neuron_is_attacked_and_weights_say_nothing_of_it():
    intervention = Intervention(AblateDirection(kind="direction_write", phases=3), ROWS, 2.0)
    assert (intervention.size, intervention.neurons) == (3, 0)
    assert intervention.as_weights() is None


def asked(phases):
    operator = AblateDirection(kind="direction_write", phases=phases)
    return DirectionCells(control_seeds=[0, 5], operator=operator)


def test_an_attack_has_a_cell_and_its_controls_for_each_number_that_was_found():
    cells = list(direction_cells(ROWS, asked(8)))
    assert [(c.columns["strength"], c.control_seed) for c in cells] == [
        (strength, seed) for strength in (1, 2, 3) for seed in (None, 0, 5)
    ]
    about = {"operator": "direction_write", "target": "direction", "fraction": None}
    assert all(about | {"n_neurons": 0} == {k: c.columns[k] for k in (*about, "n_neurons")}
               for c in cells)  # fmt: skip
    one, two, three = (c.intervention.target for c in cells if c.control_seed == 5)
    np.testing.assert_array_equal(one, two)  # the first two hold the first one
    np.testing.assert_array_equal(one, three)


def test_without_a_direction_there_is_no_attack():
    with pytest.raises(NoDirectionError, match="found none"):
        list(direction_cells(ROWS[:0], asked(2)))
