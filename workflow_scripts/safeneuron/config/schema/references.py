"""What the sections of a configuration say of one another: names that must be there, and rules.

Each check raises ValueError, whose message names the key, what was found and what is allowed. Those
of attacks, benchmarks and judges are in `attack_references`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeneuron.config.schema.attack_references import (
    check_attacks,
    check_benchmarks,
    check_capability,
    check_judges,
    check_probes,
    check_shown,
)
from safeneuron.config.schema.datasets import has_images
from safeneuron.config.schema.known import known
from safeneuron.config.schema.models import Checkpointed, OrganismModel, TunedModel
from safeneuron.data.prompt_settings import TypographicDataset

if TYPE_CHECKING:
    from safeneuron.config.schema.experiment import Config

_NOT_IN_PARTS = {
    "direction": "finds refusal directions on the whole model in each process, which",
    "prefill": "needs a reference model in each process, which",
}


def check_references(config: Config) -> None:
    """Raise unless the sections agree: what is chosen before what depends on the choice.

    Raises:
        ValueError: names the key, what was found and what is allowed.
    """
    _check_run(config)
    _check_tuned(config)
    _check_chosen(config)
    _check_rounds(config)
    _check_sides(config)
    _check_pairs(config)
    _check_overlap(config)
    check_attacks(config)
    check_judges(config)
    check_benchmarks(config)
    _check_images(config)
    check_probes(config)
    check_shown(config)
    check_capability(config)
    _check_published(config)


def _check_run(config: Config) -> None:
    run = config.run
    known("run.models", run.models, config.models, "models")
    known("run.attacked", run.attacked, run.models, "run.models")
    known("run.aligned", run.aligned, run.models, "run.models")
    known("run.arms", run.arms, config.align.arms, "align.arms")


def _check_tuned(config: Config) -> None:
    for name, entry in config.models.items():
        if not isinstance(entry, TunedModel):
            continue
        key = f"models.{name}"
        known(f"{key}.base", [entry.base], config.models, "models")
        base = config.models[entry.base]
        if not isinstance(base, Checkpointed):
            raise ValueError(
                f"{key}.base: '{entry.base}' is of kind '{base.kind}'; allowed are local, gguf "
                "and hub: an organism has its own safety tuning, and a model is tuned once"
            )
        tuning = entry.safety_tuning
        known(f"{key}.safety_tuning.without", tuning.without, config.datasets, "datasets")
        for side, prompts in entry.sides().items():
            known(f"{key}.{side}.datasets", prompts.datasets, config.datasets, "datasets")
            for dataset in prompts.datasets:
                if has_images(config.datasets[dataset]):
                    raise ValueError(
                        f"{key}.{side}.datasets: '{dataset}' has images; models are tuned on "
                        "text alone"
                    )


def _check_chosen(config: Config) -> None:
    run, attacks = config.run, config.attack
    selections = config.identification.selections
    known("run.selections", run.selections or (), selections, "identification.selections")
    known("run.attacks", run.attacks or (), attacks.attacks, "attack.attacks")
    known("run.benchmarks", run.benchmarks or (), attacks.benchmarks, "attack.benchmarks")
    where = "run.selections" if run.selections else "identification.selections"
    known("align.selections", config.align.selections, config.selections, where)


def _check_rounds(config: Config) -> None:
    run, align = config.run, config.align
    for arm in run.arms if align.training.lora else ():
        if align.arms[arm].method == "sn_tune":
            raise ValueError(
                f"run.arms: '{arm}' (sn_tune) trains the weights of single neurons, and "
                "align.training.lora matrices that all neurons share; take one of the two out"
            )
    for arm in run.arms if align.training.parallel == "fsdp" else ():
        for attack in ("direction", "prefill"):
            if align.arms[arm].shares.get(attack):
                method = align.arms[arm].method
                raise ValueError(
                    f"run.arms: '{arm}' ({method}) {_NOT_IN_PARTS[attack]} parallel: fsdp does not "
                    "keep; take align.training.parallel none or ddp, or take the arm out"
                )
    if "base" in align.arms:
        raise ValueError("align.arms: 'base' is the name of the model that is not aligned")
    known("align.rounds_of", align.rounds_of, config.models, "models")
    for name, entry in align.arms.items():
        known(f"align.arms.{name}.models", entry.models or (), config.models, "models")
    for model in run.aligned:
        if not config.arms_of(model):
            raise ValueError(
                f"run.aligned: none of run.arms is for '{model}'; add it to the 'models' of "
                "one or take it out"
            )
    rounds = max(align.rounds, *align.rounds_of.values(), 1)
    for number in align.overrides:
        if not 1 <= number <= rounds:
            raise ValueError(
                f"align.overrides: there is no round {number}; align.rounds is {rounds}"
            )


def _check_sides(config: Config) -> None:
    for side in ("unsafe", "safe"):
        names = getattr(config.identification, side).datasets
        known(f"identification.{side}.datasets", names, config.datasets, "datasets")
    control = config.topic_control
    for part in ("matched", "plain") if control else ():
        names = getattr(control, part).datasets
        known(f"topic_control.{part}.datasets", names, config.datasets, "datasets")


def _check_pairs(config: Config) -> None:
    known("align.preferences_of", config.align.preferences_of, config.models, "models")
    for key, mix in config.align.mixes().items():
        known(f"{key}.sources", mix.sources, config.preferences, "preferences")
        kinds = {config.preferences[name].kind for name in mix.sources}
        if "organism" in kinds and len(mix.sources) > 1:
            raise ValueError(
                f"{key}.sources: {mix.sources} mixes the organism's pairs with others; use "
                "them alone"
            )
        if "organism" in kinds and key != "align.preferences":
            raise ValueError(f"{key}.sources: the organism's pairs are for align.preferences")


def _check_overlap(config: Config) -> None:
    tuned = [name for name, entry in config.models.items() if isinstance(entry, TunedModel)]
    gates = [f"gate-{name}" for name in tuned]
    used = {
        *config.identification.unsafe.datasets,
        *config.identification.safe.datasets,
        *("preferences", *(f"preferences-{model}" for model in config.align.preferences_of)),
        *(f"safety_tuning-{name}" for name in tuned),
        *gates,
        *(chosen := [f"choose-{name}" for name in config.attack.benchmarks]),
    }
    held_out = [*config.attack.benchmarks, *gates, *chosen]
    for first, second in config.allow_overlap:
        known("allow_overlap", [first], sorted(used), "identification, tuning and preferences")
        known("allow_overlap", [second], held_out, "attack.benchmarks, gates among them")


def _check_images(config: Config) -> None:
    """What is known without files: who must see, and that identification is text."""
    sides = {
        f"identification.{side}": getattr(config.identification, side)
        for side in ("unsafe", "safe")
    }
    if config.topic_control:
        sides |= {
            f"topic_control.{part}": getattr(config.topic_control, part)
            for part in ("matched", "plain")
        }
    for key, side in sides.items():
        for name in side.datasets:
            if has_images(config.datasets[name]):
                raise ValueError(
                    f"{key}.datasets: '{name}' has images; neurons are found with text alone"
                )
    for name, dataset in config.datasets.items():
        if isinstance(dataset, TypographicDataset) and has_images(config.datasets[dataset.of]):
            raise ValueError(
                f"datasets.{name}.of: '{dataset.of}' has images itself; questions are text"
            )
    for model in config.run.models:
        if isinstance(config.models[model], OrganismModel) and (why := config.needs_images(model)):
            raise ValueError(
                f"{why[0]} has images, but '{model}' sees none; name the models that do in {why[1]}"
            )


def _check_published(config: Config) -> None:
    published = config.published
    if not published.models:
        return
    arms = {"base", *config.align.arms}
    known("published.models", published.models, config.models, "models")
    known("published.methods", published.methods, arms, "align.arms")
    known("published.tasks", published.tasks, config.capability.tasks, "capability.tasks")
    known("published.attacks", published.attacks, config.attack.attacks, "attack.attacks")
    for name in published.attacks:
        if (kind := config.attack.attacks[name].kind) != "neurons":
            raise ValueError(
                f"published.attacks: '{name}' is of kind '{kind}'; the paper's are on neurons"
            )
    harmful = {n for n, b in config.attack.benchmarks.items() if b.role == "harmful"}
    where = "the benchmarks of role harmful"
    known("published.benchmarks", published.benchmarks, sorted(harmful), where)
