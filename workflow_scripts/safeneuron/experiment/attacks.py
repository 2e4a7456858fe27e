"""Which attacks the states of a run undergo, what they are asked, and from which files."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from safeneuron.config.schema.attacks.direction import DirectionAttack
from safeneuron.config.schema.attacks.fine_tuning import FineTuning
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.prefill import PrefillAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import (
    attack_cells,
    attribution,
    benchmarks,
    identification,
    mixes,
    predecessors,
    stages,
)
from safeneuron.experiment.attack_cells import Extent, of_neurons
from safeneuron.experiment.attribution import Attributed
from safeneuron.experiment.benchmarks import judges_of
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.prompt_sets import OVERALL, SAFE
from safeneuron.experiment.states import BASE, State, states
from safeneuron.interventions.schemas import CLEAN

Sought = NeuronAttack | DirectionAttack | Attributed
"""Attacks whose target is found on a state: the attacked one, or its T0."""

WHOLE = "whole"
"""In the path of an attacked checkpoint: the neurons as identified, and no fraction of all."""


class Answered(NamedTuple):
    """One attack on one state, asked one benchmark: a file of responses."""

    state: State
    attack: str
    benchmark: str

    def fill(self, pattern: str, **wildcards: str) -> str:
        """A path pattern of responses or verdicts with its wildcards filled in."""
        about = {"attack": self.attack, "benchmark": self.benchmark}
        return fill(pattern, self.state, **about, **wildcards)


def of_kind(config: Config, kind: str) -> list[str]:
    """The attacks of the run that are of a kind."""
    return [name for name, one in config.attacks.items() if one.kind == kind]


def attacks_on(config: Config, state: State) -> list[str]:
    """The attacks that a state undergoes, `clean` before them."""
    return [
        CLEAN,
        *(
            name
            for name, attack in config.attacks.items()
            if _is_asked(config, state)
            and (attack.models is None or state.model in attack.models)
            and (attack.arms is None or state.arm in attack.arms)
            and (attack.rounds is None or state.round in attack.rounds)
        ),
    ]


def models_drawn(config: Config) -> list[str]:
    """The attacked models that the attack figure is of: T0 undergoes an adaptive one on neurons.

    The others are asked clean alone, or attacked in later rounds alone.
    """
    return [
        model
        for model in config.run.attacked
        if any(
            config.neuron_attacks[name].source == "adaptive"
            for name in attacks_on(config, State(model, BASE, 0, config.seeds[0]))
            if name in config.neuron_attacks
        )
    ]


def models_under(config: Config, name: str) -> list[str]:
    """The attacked models that some state of undergoes an attack of the run."""
    on = config.attacks[name].models
    return [model for model in config.run.attacked if on is None or model in on]


def learning(config: Config) -> list[str]:
    """The models that preference pairs are learned by: aligned ones, and those tuned by attacks."""
    tuned = (n for n, one in config.attacks.items() if isinstance(one, FineTuning))
    under = (model for name in tuned for model in models_under(config, name))
    return list(dict.fromkeys([*config.run.aligned, *under]))


def attacked_states(config: Config) -> list[State]:
    """The states that are asked anything: those of the attacked models in 'attack.rounds'."""
    return _asked_states(config, config.run.attacked)


def _asked_states(config: Config, models: Iterable[str]) -> list[State]:
    return [state for state in states(config, [*models]) if _is_asked(config, state)]


def _is_asked(config: Config, state: State) -> bool:
    return config.attack.rounds is None or state.round in config.attack.rounds


def answered(config: Config) -> list[Answered]:
    """Everything that attacked states are asked, state by state, attack by attack."""
    return answered_by(config, config.run.attacked)


def answered_by(config: Config, models: Iterable[str]) -> list[Answered]:
    """Everything that the states of some attacked models are asked."""
    return [
        Answered(state, attack, benchmark)
        for state in _asked_states(config, models)
        for attack in attacks_on(config, state)
        for benchmark in benchmarks.asked_of(config, state.model)
    ]


def case_studies(config: Config) -> list[tuple[Answered, str]]:
    """What case studies are drawn from, each with the first judge of its benchmark.

    T0 and each arm's last round, if they are attacked, clean and under the one attack that is
    shown; the states of a model and seed stand together, T0 before them. None if none are wanted.
    """
    if not config.attacks or not config.report.case_studies.count:
        return []
    shown = config.report.case_studies.attack
    chosen = [
        state
        for state in attacked_states(config)
        if state.round in (0, config.align.rounds_for(state.model))
        and shown in attacks_on(config, state)
    ]
    return [
        (Answered(state, attack, name), judges_of(config, name)[0])
        for state in sorted(chosen, key=lambda state: (state.model, state.seed))
        for attack in (CLEAN, shown)
        for name in benchmarks.of_role(benchmarks.asked_of(config, state.model), "harmful")
    ]


def capability_runs(config: Config, models: Iterable[str]) -> list[tuple[State, str, str]]:
    """State, attack and task of everything that capability is measured of."""
    return [
        (state, attack, task)
        for state in states(config, [*models])
        for attack in attacks_on(config, state)
        if attack == CLEAN or attack in config.capability.attacks
        for task in config.capability.run
    ]


def verdicts(config: Config, paths: Paths, answers: Iterable[Answered]) -> list[str]:
    """The files of all judges' verdicts on some answers."""
    return [
        one.fill(paths.verdicts, judge=judge)
        for one in answers
        for judge in judges_of(config, one.benchmark)
    ]


def shown_verdicts(config: Config, paths: Paths, answers: Iterable[Answered]) -> list[str]:
    """Those files of some answers that are of the judges of the tables that are shown.

    These are the first judge of each harmful benchmark that a model is asked, on all that the model
    is asked and the judge can judge: under it are utility and over-refusal too.
    """
    answers = list(answers)
    shown = {
        model: {
            judges_of(config, name)[0]
            for name in benchmarks.of_role(benchmarks.asked_of(config, model), "harmful")
        }
        for model in {one.state.model for one in answers}
    }
    return [
        one.fill(paths.verdicts, judge=judge)
        for one in answers
        for judge in judges_of(config, one.benchmark)
        if judge in shown[one.state.model]
    ]


def target_files(
    config: Config, paths: Paths, state: State, attack: str, extents: Mapping[str, Extent]
) -> list[str]:
    """The files of what an attack acts on, as `read_cells` takes them; none for the clean model.

    Args:
        extents: of all attacks: their own sections, or those of `capability.attacks`.
    """
    of = config.attack.attacks.get(attack)
    if isinstance(of, DirectionAttack):
        return [fill(paths.directions, _source(config, state, attack), attack=attack)]
    if isinstance(of, PrefillAttack):
        return paths.prompts(config.identification.safe.datasets)
    if isinstance(of, Attributed):
        return attribution.target_files(paths, _source(config, state, attack), attack, of)
    if isinstance(of, InterpolateAttack):
        return [predecessors.checkpoint(config, paths, state, of.toward)]
    if isinstance(of, FineTuning):
        mix = mixes.of_model(config, state.model)
        return [fill(paths.checkpoint, state), *paths.preferences([mix])]
    return [
        *neuron_sets(config, paths, state, attack),
        *rankings(config, paths, state, attack, extents),
        *_safe_moments(config, paths, state, attack),
    ]


def neuron_sets(config: Config, paths: Paths, state: State, attack: str) -> list[str]:
    """The set that an attack on neurons targets; none for the clean model."""
    if attack == CLEAN:
        return []
    of, source = config.attack_of(attack, NeuronAttack), _source(config, state, attack)
    return [fill(paths.neuron_set, source, selection=of.selection, contrast=OVERALL)]


def rankings(
    config: Config, paths: Paths, state: State, attack: str, extents: Mapping[str, Extent]
) -> list[str]:
    """The scores that rank an attack's neurons; none where just sets as identified are attacked.

    Args:
        extents: of all attacks: their own sections, or those of `capability.attacks`.
    """
    if attack == CLEAN:
        return []
    by_rank = of_neurons(extents[attack]).fractions or _from_the_bottom(config, attack)
    return [_ranking(config, paths, state, attack)] if by_rank else []


def _from_the_bottom(config: Config, attack: str) -> bool:
    return config.attack_of(attack, NeuronAttack).order == "least"


def _safe_moments(config: Config, paths: Paths, state: State, attack: str) -> list[str]:
    """The means that an attack holds neurons at, for an operator that does."""
    if attack == CLEAN or config.attack_of(attack, NeuronAttack).operator.kind != "mean_ablate":
        return []
    return [fill(paths.moments, _source(config, state, attack), prompt_set=SAFE)]


def pooling_of(config: Config, attack: str) -> str | None:
    """The pooling of an attack's selection or gradients; None where no neurons are attacked."""
    of = config.attack.attacks.get(attack)
    if isinstance(of, Attributed):
        return attribution.pooling(config, of)
    if not isinstance(of, NeuronAttack):
        return None
    return config.identification.selections[of.selection].pooling


def attack_settings(config: Config, state: State, attack: str, benchmark: str) -> dict[str, Any]:
    """The settings of `attack` (`interventions.settings.AttackSettings`)."""
    asked = config.benchmarks[benchmark]
    of = None if attack == CLEAN else config.attack.attacks[attack]
    return {
        "state": state._asdict(),
        "attack": attack,
        "pooling": pooling_of(config, attack),
        "set_source": of.source if isinstance(of, Sought) else None,
        "cells": None if of is None else attack_cells.cells(config, attack, of),
        "question": {
            "benchmark": benchmark,
            **asked.model_dump(include={"role", "split", "choose_on", "categories"}),
        },
        "max_new_tokens": config.attack.max_new_tokens,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def targets(config: Config) -> list[str]:
    """The targets of all attacks on neurons."""
    named = (
        one.targets_among(config.criteria_of(name)) for name, one in config.neuron_attacks.items()
    )
    return list(dict.fromkeys(target for each in named for target in each))


def ranking(config: Config, paths: Paths, state: State, attack: str, extent: str) -> list[str]:
    """The scores that an attacked checkpoint's neurons are ranked by; none for the whole set."""
    as_identified = extent == WHOLE and not _from_the_bottom(config, attack)
    return [] if as_identified else [_ranking(config, paths, state, attack)]


def attacked_checkpoint_settings(
    config: Config, state: State, attack: str, target: str, extent: str
) -> dict[str, Any]:
    """The settings of `attacked_checkpoint` (`interventions.settings.AttackedCheckpointSettings`).

    Args:
        target: criteria of the attack's selection, joined by `+`.
        extent: `WHOLE`, or a fraction of all neurons.
    """
    return {
        "state": state._asdict(),
        "attack": attack,
        "target": target,
        "fraction": None if extent == WHOLE else float(extent),
        "order": config.attack_of(attack, NeuronAttack).order,
        "operator": config.attack_of(attack, NeuronAttack).operator.model_dump(),
        "cpu_threads": config.compute.cpu_threads,
    }


def capability_settings(config: Config, state: State, attack: str, task: str) -> dict[str, Any]:
    """The settings of `capability` (`capability.settings.CapabilitySettings`)."""
    in_force = config.capability.attacks.get(attack)
    return {
        "state": state._asdict(),
        "attack": attack,
        "cells": None if in_force is None else attack_cells.cells(config, attack, in_force),
        "asked": stages.capability_asked(config, task),
        "cpu_threads": config.compute.cpu_threads,
    }


def direction_settings(config: Config, state: State, attack: str) -> dict[str, Any]:
    """The settings of `refusal_directions` (`directions.settings.RefusalDirectionsSettings`)."""
    search = config.attack_of(attack, DirectionAttack).search
    return identification.search_settings(config, state, attack, search)


def _ranking(config: Config, paths: Paths, state: State, attack: str) -> str:
    pooling, source = pooling_of(config, attack), _source(config, state, attack)
    return fill(paths.scores, source, pooling=str(pooling), contrast=OVERALL)


def _source(config: Config, state: State, attack: str) -> State:
    """The state that an attack's target is found on: the attacked one, or its T0 if static."""
    of = config.attack.attacks[attack]
    if isinstance(of, Sought):
        return state.after(0) if of.source == "static" else state
    raise ValueError(f"attack.attacks.{attack} has no target that is found on a state")
