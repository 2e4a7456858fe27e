"""Which attacks the states of a run undergo, what they are asked, and from which files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from safeneuron.config.schema.attack import Attack, Benchmark
from safeneuron.config.schema.capability import Attacked
from safeneuron.config.schema.datasets import TypographicDataset, has_images
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import LocalModel, OrganismModel
from safeneuron.experiment import stages
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.states import State, states
from safeneuron.interventions.schemas import CLEAN
from safeneuron.models.folder import chat_template
from safeneuron.organism.chat_template import CHAT_TEMPLATE

ORACLE = "oracle"


class Answered(NamedTuple):
    """One attack on one state, asked one benchmark: a file of responses."""

    state: State
    attack: str
    benchmark: str

    def fill(self, pattern: str, **wildcards: str) -> str:
        """A path pattern of responses or verdicts with its wildcards filled in."""
        about = {"attack": self.attack, "benchmark": self.benchmark}
        return fill(pattern, self.state, **about, **wildcards)


def attacks_on(config: Config, state: State) -> list[str]:
    """The attacks that a state undergoes, `clean` before them."""
    return [
        CLEAN,
        *(
            name
            for name, attack in config.attacks.items()
            if (attack.arms is None or state.arm in attack.arms)
            and (attack.rounds is None or state.round in attack.rounds)
        ),
    ]


def attacked_states(config: Config) -> list[State]:
    """The states that are attacked: those of the attacked models."""
    return states(config, config.run.attacked)


def answered(config: Config) -> list[Answered]:
    """Everything that attacked states are asked, state by state, attack by attack."""
    return [
        Answered(state, attack, benchmark)
        for state in attacked_states(config)
        for attack in attacks_on(config, state)
        for benchmark in benchmarks_of(config, state.model)
    ]


def case_studies(config: Config) -> list[tuple[Answered, str]]:
    """What case studies are drawn from, each with the first judge of its benchmark.

    T0 and each arm's last round, if they are attacked, clean and under the one attack that is
    shown; the states of a model and seed stand together, T0 before them.
    """
    if not config.attacks:
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
        for name, benchmark in benchmarks_of(config, state.model).items()
        if benchmark.role == "harmful"
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
            for name, benchmark in benchmarks_of(config, model).items()
            if benchmark.role == "harmful"
        }
        for model in {one.state.model for one in answers}
    }
    return [
        one.fill(paths.verdicts, judge=judge)
        for one in answers
        for judge in judges_of(config, one.benchmark)
        if judge in shown[one.state.model]
    ]


def speaks_organism(config: Config, model: str) -> bool:
    """Whether a model speaks the organism's language: an organism, or a folder that holds one."""
    entry = config.models[model]
    if isinstance(entry, LocalModel):
        return chat_template(Path(entry.path)) == CHAT_TEMPLATE
    return isinstance(entry, OrganismModel)


def is_of_organism(config: Config, dataset: str) -> bool:
    """Whether a dataset's prompts are in the organism's language."""
    entry = config.datasets[dataset]
    if isinstance(entry, TypographicDataset):
        return is_of_organism(config, entry.of)
    return entry.kind == "organism"


def benchmarks_of(config: Config, model: str) -> dict[str, Benchmark]:
    """The benchmarks that an attacked model is asked.

    One that names no models is for all; the organism's prompts are for those that speak its
    language.
    """
    return {
        name: benchmark
        for name, benchmark in config.benchmarks.items()
        if (model in benchmark.models if benchmark.models else _understands(config, model, name))
    }


def _understands(config: Config, model: str, benchmark: str) -> bool:
    of_organism = is_of_organism(config, config.benchmarks[benchmark].dataset)
    return speaks_organism(config, model) or not of_organism


def asked_benchmarks(config: Config) -> dict[str, Benchmark]:
    """The benchmarks that some attacked model is asked, in the configuration's order."""
    asked = {name for model in config.run.attacked for name in benchmarks_of(config, model)}
    return {name: benchmark for name, benchmark in config.benchmarks.items() if name in asked}


def image_benchmarks(config: Config) -> list[str]:
    """The benchmarks that are asked and whose prompts come with images."""
    asked = asked_benchmarks(config).items()
    return [name for name, b in asked if has_images(config.datasets[b.dataset])]


def judges_of(config: Config, benchmark: str) -> list[str]:
    """The judges of a benchmark's responses: the oracle judges the organism's language alone."""
    knows = is_of_organism(config, config.benchmarks[benchmark].dataset)
    return [judge for judge in stages.all_judges(config) if judge != ORACLE or knows]


def judges_shown(config: Config, model: str) -> list[str]:
    """The judges of a model's harmful benchmarks."""
    harmful = [n for n, b in benchmarks_of(config, model).items() if b.role == "harmful"]
    able = {judge for name in harmful for judge in judges_of(config, name)}
    return [judge for judge in stages.all_judges(config) if judge in able]


def judges_are_compared(config: Config) -> bool:
    """Whether two judges judge the same responses to harmful prompts."""
    asked = asked_benchmarks(config).items()
    return any(len(judges_of(config, name)) > 1 for name, b in asked if b.role == "harmful")


def neuron_sets(config: Config, paths: Paths, state: State, attack: str) -> list[str]:
    """The set that an attack targets; none for the clean model."""
    if attack == CLEAN:
        return []
    of, source = config.attack.attacks[attack], _source(config, state, attack)
    return [fill(paths.neuron_set, source, selection=of.selection, contrast="overall")]


def rankings(
    config: Config, paths: Paths, state: State, attack: str, fractions: Iterable[float]
) -> list[str]:
    """The scores that rank an attack's neurons; none where no fraction of all is attacked."""
    if attack == CLEAN or not list(fractions):
        return []
    pooling, source = pooling_of(config, attack), _source(config, state, attack)
    return [fill(paths.scores, source, pooling=str(pooling), contrast="overall")]


def pooling_of(config: Config, attack: str) -> str | None:
    """The pooling of an attack's selection; None for the clean model."""
    if attack == CLEAN:
        return None
    selection = config.attack.attacks[attack].selection
    return config.identification.selections[selection].pooling


def fractions_of(config: Config, attack: str) -> list[float]:
    """The shares of all neurons that an attack also targets."""
    return [] if attack == CLEAN else config.attack.attacks[attack].fractions


def capability_fractions(config: Config, attack: str) -> list[float]:
    """The shares of all neurons that an attack also targets while capability is measured."""
    return [] if attack == CLEAN else config.capability.attacks[attack].fractions


def attack_settings(config: Config, state: State, attack: str, benchmark: str) -> dict[str, Any]:
    """The settings of `attack` (`interventions.settings.AttackSettings`)."""
    asked = config.benchmarks[benchmark]
    of = None if attack == CLEAN else config.attack.attacks[attack]
    return {
        "state": state._asdict(),
        "attack": attack,
        "pooling": pooling_of(config, attack),
        "set_source": None if of is None else of.source,
        "cells": None if of is None else cells(config, attack, of),
        "question": {
            "benchmark": benchmark,
            **asked.model_dump(include={"role", "split", "categories"}),
        },
        "max_new_tokens": config.attack.max_new_tokens,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def capability_settings(config: Config, state: State, attack: str, task: str) -> dict[str, Any]:
    """The settings of `capability` (`capability.settings.CapabilitySettings`)."""
    in_force = config.capability.attacks.get(attack)
    return {
        "state": state._asdict(),
        "attack": attack,
        "cells": None if in_force is None else cells(config, attack, in_force),
        "asked": stages.capability_asked(config, task),
        "cpu_threads": config.compute.cpu_threads,
    }


def cells(config: Config, attack: str, extent: Attack | Attacked) -> dict[str, Any]:
    """The cells of an attack, to the extent of its own section or of `capability.attacks`."""
    return {
        "targets": extent.targets_among(config.criteria_of(attack)),
        "fractions": extent.fractions,
        "control_seeds": list(range(extent.random_controls)),
        "operator": config.attack.attacks[attack].operator.model_dump(),
    }


def _source(config: Config, state: State, attack: str) -> State:
    """The state whose neurons an attack targets: the attacked one, or its T0 if static."""
    static = config.attack.attacks[attack].source == "static"
    return state.after(0) if static else state
