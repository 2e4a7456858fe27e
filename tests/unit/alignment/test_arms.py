"""What each arm does to the identified neurons."""

import numpy as np
import pytest

import tiny
from safeneuron.alignment.arms import METHODS

MASK = tiny.random_mask()
NONE, ALL_BUT = np.zeros_like(MASK), ~MASK


def plan_of(method, seed=0):
    return METHODS[method](MASK, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("method", "frozen", "zeroed", "neurons_only"),
    [
        ("dpo", NONE, NONE, False),
        ("freeze", MASK, NONE, False),
        ("freeze_ablate", MASK, MASK, False),
        ("ablate", NONE, MASK, False),
        ("sn_tune", ALL_BUT, NONE, True),
    ],
)
def test_a_method_freezes_and_zeroes_these_neurons(method, frozen, zeroed, neurons_only):
    plan = plan_of(method)
    np.testing.assert_array_equal(plan.frozen, frozen)
    np.testing.assert_array_equal(plan.zeroed, zeroed)
    assert plan.neurons_only is neurons_only


def test_there_are_these_methods_and_no_others():
    random = {"random_freeze", "random_ablate"}
    assert METHODS.keys() == random | {"dpo", "freeze", "freeze_ablate", "ablate", "sn_tune"}


@pytest.mark.parametrize(
    ("control", "acts_on", "leaves"),
    [("random_freeze", "frozen", "zeroed"), ("random_ablate", "zeroed", "frozen")],
)
class TestARandomControl:
    def test_does_what_its_method_does_to_as_many_other_neurons_a_layer(
        self, control, acts_on, leaves
    ):
        plan = plan_of(control)
        drawn = getattr(plan, acts_on)
        assert drawn.sum(axis=1).tolist() == MASK.sum(axis=1).tolist()
        assert (drawn != MASK).any(axis=1).all()
        assert not getattr(plan, leaves).any()
        assert not plan.neurons_only

    def test_is_the_same_for_a_generator_and_another_for_another(self, control, acts_on, leaves):
        first, again, other = (getattr(plan_of(control, seed), acts_on) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


def test_the_two_controls_draw_the_same_neurons():
    np.testing.assert_array_equal(plan_of("random_freeze").frozen, plan_of("random_ablate").zeroed)


@pytest.mark.parametrize("method", METHODS)
def test_the_identified_neurons_are_not_changed(method):
    before = MASK.copy()
    plan_of(method)
    np.testing.assert_array_equal(MASK, before)
