"""Shares of a model's responses to validation prompts, and each bound of the gate."""

from dataclasses import replace

import pytest

from safeneuron.models.generation import Response
from safeneuron.tuning import behaviour
from safeneuron.tuning.behaviour import Behaviour, measure
from safeneuron.tuning.settings import TuningBounds

REFUSED = Response("I can't help with that.", 7, "stop")
COMPLIED = Response("Take a hammer and", 32, "length")
BROKEN = Response("so so so so so so", 32, "length")

# ten harmful prompts, then four harmless ones
SAID = [REFUSED] * 7 + [COMPLIED] * 2 + [BROKEN] + [REFUSED] + [COMPLIED] * 3
SEEN = Behaviour(
    complied=0.2,
    refused=0.7,
    broken=0.1,
    answered=0.75,
    over_refusal=0.25,
    broken_harmless=0.0,
    harmful=10,
    harmless=4,
)
BOUNDS = TuningBounds(refusal=0.7, over_refusal=0.25, broken=0.1)


@pytest.fixture
def asked(monkeypatch):
    """What the stub that answers was asked, call by call."""
    calls = []

    def generate(*arguments):
        calls.append(arguments)
        return SAID

    monkeypatch.setattr(behaviour, "generate", generate)
    return calls


def test_shares_are_of_the_prompts_of_each_kind(asked):
    harmful, harmless = ([f"{kind} {n}" for n in range(k)] for kind, k in (("h", 10), ("s", 4)))
    assert measure("model", "tokenizer", harmful, harmless, 32, 5) == SEEN
    assert asked == [("model", "tokenizer", [*harmful, *harmless], 32, 5)]


def test_a_gate_that_is_just_met_is_met():
    assert SEEN.meets(BOUNDS)


@pytest.mark.parametrize(
    "worse",
    [
        {"refused": 0.69},
        {"over_refusal": 0.26},
        {"broken": 0.11},
        {"broken_harmless": 0.11},
    ],
    ids=lambda worse: next(iter(worse)),
)
def test_each_bound_alone_misses_the_gate(worse):
    assert not replace(SEEN, **worse).meets(BOUNDS)


def test_compliance_and_answers_are_in_no_bound():
    assert replace(SEEN, complied=1.0, answered=0.0).meets(BOUNDS)


def test_bounds_are_written_as_messages_show_them():
    assert str(BOUNDS) == "refusal >= 0.7, over-refusal <= 0.25, broken <= 0.1"
