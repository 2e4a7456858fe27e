"""What each arm does to the identified neurons."""

import itertools
from typing import get_args

import numpy as np
import pytest

import tiny
from safeneuron.alignment.arms.registry import ABOUT, ARMS, Method
from safeneuron.alignment.parts import ffn_weights, language_model

MASK = tiny.random_mask()
NONE, ALL_BUT = np.zeros_like(MASK), ~MASK
STEPS = range(50)


def plan_of(method, seed=0, zeroing_probability=1.0):
    shares = {"neurons": zeroing_probability, "direction": 0.0, "prefill": 0.0}
    return ARMS[method].plan(MASK, seed, shares)


@pytest.mark.parametrize(
    ("method", "frozen", "zeroed", "trains"),
    [
        ("dpo", NONE, NONE, language_model),
        ("freeze", MASK, NONE, language_model),
        ("freeze_ablate", MASK, MASK, language_model),
        ("ablate", NONE, MASK, language_model),
        ("sn_tune", ALL_BUT, NONE, ffn_weights),
    ],
)
def test_an_arm_freezes_zeroes_and_trains_these_neurons(method, frozen, zeroed, trains):
    plan = plan_of(method)
    np.testing.assert_array_equal(plan.frozen, frozen)
    np.testing.assert_array_equal(plan.zeroed, zeroed)
    assert plan.trains is trains
    assert plan.loss == ("preference", "likelihood", "divergence")


def test_each_name_of_the_configuration_is_an_arm_and_each_arm_has_one_and_says_what_it_does():
    assert get_args(Method) == tuple(ARMS)
    assert all(f"{name}: " in ABOUT for name in ARMS)


def test_an_arm_says_which_attacks_it_is_trained_against():
    assert {name: arm.simulates for name, arm in ARMS.items() if arm.simulates} == {
        "freeze_ablate": ("neurons",),
        "ablate": ("neurons",),
        "direction_ablate": ("direction",),
        "ablate_all": ("neurons", "direction"),
        "recover": ("prefill",),
        "harden": ("neurons", "direction", "prefill"),
    }


@pytest.mark.parametrize("method", ARMS)
def test_an_arm_has_steps_that_zero_if_and_only_if_it_zeroes(method):
    plan = plan_of(method)
    assert {plan.zeroes(1, step) for step in STEPS} == {bool(plan.zeroed.any())}
    never = plan_of(method, zeroing_probability=0.0)
    assert not any(never.zeroes(1, step) for step in STEPS)


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
        assert plan.trains is language_model

    def test_is_the_same_for_a_seed_and_another_for_another(self, control, acts_on, leaves):
        first, again, other = (getattr(plan_of(control, seed), acts_on) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()

    def test_keeps_its_neurons_over_rounds_while_the_identified_ones_accumulate(
        self, control, acts_on, leaves
    ):
        later = [MASK, MASK | tiny.random_mask(1), MASK | tiny.random_mask(1) | tiny.random_mask(2)]
        drawn = [getattr(ARMS[control].plan(mask, 7, {"neurons": 1.0}), acts_on) for mask in later]
        for mask, now in zip(later, drawn, strict=True):
            assert now.sum(axis=1).tolist() == mask.sum(axis=1).tolist()
        for before, after in itertools.pairwise(drawn):
            assert not (before & ~after).any() and (after & ~before).any()


def test_the_two_controls_draw_the_same_neurons():
    np.testing.assert_array_equal(plan_of("random_freeze").frozen, plan_of("random_ablate").zeroed)


@pytest.mark.parametrize("method", ARMS)
def test_the_identified_neurons_are_not_changed(method):
    before = MASK.copy()
    plan_of(method)
    np.testing.assert_array_equal(MASK, before)
