"""What the stages that find neurons read and are set to: capture, scores, selections, controls."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safeneuron.config.schema.attack import Benchmark
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.experiment import benchmarks, prompt_sets, stages, tuning
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.states import State


def prompt_tables(config: Config, paths: Paths, prompt_set: str) -> list[str]:
    """The prompt tables that hold a prompt set; whole sides may need several."""
    if prompt_set == prompt_sets.SAFE_LENGTH_MATCHED:
        return [paths.length_matched]
    return paths.prompts(prompt_sets.rows_of(config, prompt_set).datasets)


def captured(config: Config, prompt_set: str) -> dict[str, Any]:
    """Which rows of the tables are captured, and how the forward pass is pooled and batched."""
    rows = prompt_sets.rows_of(config, prompt_set)
    return {
        "split": rows.split,
        "categories": rows.categories,
        "poolings": config.identification.poolings,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def moments(
    config: Config, paths: Paths, state: State, contrasts: Iterable[str]
) -> dict[str, list[str]]:
    """The moments of both prompt sets of each contrast: `unsafe` and `safe`."""
    sides = [prompt_sets.contrast_of(config, contrast) for contrast in contrasts]
    return {
        "unsafe": [fill(paths.moments, state, prompt_set=unsafe) for unsafe, _ in sides],
        "safe": [fill(paths.moments, state, prompt_set=safe) for _, safe in sides],
    }


def scored(config: Config, state: State) -> dict[str, Any]:
    """What tables of scores are of, and the poolings that have one.

    All that are captured: a selection by another one makes no scores again.
    """
    return {"state": state._asdict(), "poolings": config.identification.poolings}


def scores(
    config: Config, paths: Paths, state: State, selection: str, contrasts: Iterable[str]
) -> list[str]:
    """The scores that a selection is made from, contrast by contrast: those of its pooling."""
    pooling = config.identification.selections[selection].pooling
    return [fill(paths.scores, state, pooling=pooling, contrast=contrast) for contrast in contrasts]


def category_sets(
    paths: Paths, state: State, selection: str, categories: Iterable[str]
) -> list[str]:
    """A selection's neuron sets, one a category's contrast."""
    return [
        fill(paths.neuron_set, state, selection=selection, contrast=category)
        for category in categories
    ]


def null_poolings(config: Config) -> list[str]:
    """The poolings of selections by scores: what sets of regrouped prompts need.

    In an order of their own: that of the selections is another where a value is given by
    `--config`, and would capture anew.
    """
    return sorted({s.pooling for s in config.selections.values() if s.rule.kind != "probe"})


def regrouped(config: Config) -> dict[str, Any]:
    """The rows of both sides, and how they are dealt into groups."""
    return {
        **rows_of_sides(config),
        "nulls": config.identification.nulls.model_dump(),
        "poolings": null_poolings(config),
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def null_moments(config: Config, paths: Paths, state: State, dataset: str) -> list[str]:
    """The moments of a data set's regrouped prompts; none where these nulls are left out."""
    if config.identification.nulls.draws == 0:
        return []
    return [fill(paths.null_moments, state, dataset=dataset)]


def overlapped(config: Config, model: str, selection: str) -> dict[str, Any]:
    """The nulls that overlap is held against, and how their sets are selected."""
    return {
        "random": config.overlap.model_dump(),
        "regrouped": config.identification.nulls.model_dump(),
        "pooling": config.selections[selection].pooling,
        "selection": stages.selected(config, model, selection),
    }


def selected_states(config: Config, states: Iterable[State]) -> list[dict[str, Any]]:
    """States with the selections by scores that are made on them."""
    scored_by = {n: s for n, s in config.selections.items() if s.rule.kind != "probe"}
    return [
        {
            "state": state._asdict(),
            "selections": [
                {
                    "pooling": selection.pooling,
                    "selection": stages.selected(config, state.model, name),
                }
                for name, selection in scored_by.items()
            ],
        }
        for state in states
    ]


def calibration_contrasts(categories: Mapping[str, Sequence[str]]) -> list[str]:
    """The contrasts that sets are tested on: all unsafe prompts, and each category of several."""
    return [prompt_sets.OVERALL, *(name for each in categories.values() for name in each)]


def calibrated(
    config: Config, states: Iterable[State], categories: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The sets that are tested, and at which false-discovery rate.

    Args:
        categories: data set -> its categories' contrasts, of those that have several.
    """
    return {
        "states": selected_states(config, states),
        "categories": {dataset: len(each) for dataset, each in categories.items()},
        "contrasts": calibration_contrasts(categories),
        "draws": config.identification.nulls.draws,
        "q": config.identification.false_discovery_rate,
    }


def halved(
    config: Config, states: Iterable[State], categories: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The sets whose stability is measured, on groups of as many prompts as categories have."""
    used = ("states", "categories", "draws")
    return {name: calibrated(config, states, categories)[name] for name in used}


def probed(config: Config, state: State, selection: str) -> dict[str, Any]:
    """A linear probe on a state: its pooling and rule, and the rows of both sides."""
    return {
        **config.identification.selections[selection].model_dump(exclude={"criteria"}),
        "selection": selection,
        "state": state._asdict(),
        **rows_of_sides(config),
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def length_matched(config: Config) -> dict[str, Any]:
    """The rows of both sides whose lengths are matched, and the seed of the draw."""
    control = stages.topic_control(config)
    return {**rows_of_sides(config), "seed": control.seed if control else 0}


def topic_controlled(config: Config) -> dict[str, Any]:
    """The null of the topic control; nothing without one."""
    control = stages.topic_control(config)
    return control.model_dump(include={"null_draws", "seed"}) if control else {}


def compared_prompts(config: Config) -> list[dict[str, Any]]:
    """The prompt sets whose shared prompts are counted: of both sides, of gates, of benchmarks."""
    sides = {"unsafe": config.identification.unsafe, "safe": config.identification.safe}
    return [
        *(
            _compared(dataset, use, side, dataset)
            for use, side in sides.items()
            for dataset in side.datasets
        ),
        *(
            _compared(f"gate-{model}", "validation", side, dataset)
            for model, entry in tuning.tuned_models(config).items()
            for side in (entry.gate.harmful, entry.gate.harmless)
            for dataset in side.datasets
        ),
        *(
            _compared(f"choose-{name}", "validation", side, benchmark.dataset)
            for name, benchmark in benchmarks.asked(config).items()
            if (side := benchmarks.chosen_on(benchmark))
        ),
        *(
            _compared(name, "evaluation", benchmark, benchmark.dataset)
            for name, benchmark in benchmarks.asked(config).items()
        ),
    ]


def _compared(name: str, use: str, rows: Side | Benchmark, dataset: str) -> dict[str, Any]:
    where = {"split": rows.split, "categories": rows.categories}
    return {"name": name, "use": use, "dataset": dataset, **where}


def rows_of_sides(config: Config) -> dict[str, Any]:
    """The rows of the unsafe and of the safe side."""
    sides = config.identification
    return {
        "unsafe": sides.unsafe.rows(),
        "safe": sides.safe.rows(),
    }


def search_settings(
    config: Config, state: State, attack: str, search: dict[str, Any]
) -> dict[str, Any]:
    """The settings of a stage that looks for what an attack acts on, with prompts of both sides."""
    return {
        "state": state._asdict(),
        "attack": attack,
        "search": search,
        **rows_of_sides(config),
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }
