"""Model states: a model as one arm left it after some rounds, from one seed."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from safeneuron.config.schema.experiment import Config

BASE = "base"
"""The arm of models that are not aligned: T0 belongs to it."""

STATE = "{model}/{arm}/T{round}/s{seed}"
"""A state's folder, as a pattern of wildcards."""


class State(NamedTuple):
    """One model state, by the columns that every table names it with."""

    model: str
    arm: str
    round: int
    seed: int

    @property
    def folder(self) -> str:
        """Where a state's files lie below a stage's folder."""
        return STATE.format(**self._asdict())

    def after(self, number: int) -> "State":
        """The state that the same arm and seed were in after `number` rounds."""
        return self._replace(round=number, arm=BASE if number == 0 else self.arm)


def state_of(wildcards: Any) -> State:
    """The state that a job's wildcards (`model`, `arm`, `round`, `seed`) name."""
    return State(wildcards.model, wildcards.arm, int(wildcards.round), int(wildcards.seed))


def t0_states(config: Config, models: Iterable[str]) -> list[State]:
    """T0 of every seed of some models."""
    return [State(model, BASE, 0, seed) for model in models for seed in config.seeds]


def aligned_states(config: Config, models: Iterable[str]) -> list[State]:
    """Every round of every arm of every seed, of those of the models that are aligned."""
    return [
        State(model, arm, number, seed)
        for model in models
        if model in config.run.aligned
        for arm in config.arms_of(model)
        for number in range(1, config.align.rounds_for(model) + 1)
        for seed in config.seeds
    ]


def states(config: Config, models: Sequence[str]) -> list[State]:
    """T0 and all rounds of some models."""
    return t0_states(config, models) + aligned_states(config, models)


def of_arm(config: Config, model: str, arm: str) -> list[State]:
    """Every aligned state of a model's arm."""
    return [state for state in aligned_states(config, [model]) if state.arm == arm]
