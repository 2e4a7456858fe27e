"""What the sections of a configuration say of one another: names that must be there, and rules.

Each check raises ValueError, whose message names the key, what was found and what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.iterative import IterativeAttack
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.config.schema.datasets import has_images
from safeneuron.config.schema.models import Checkpointed, OrganismModel, TunedModel
from safeneuron.data.prompt_settings import TypographicDataset
from safeneuron.interventions.schemas import CLEAN
from safeneuron.settings import near_miss

if TYPE_CHECKING:
    from safeneuron.config.schema.experiment import Config

_NOT_IN_PARTS = {
    "direction": "finds refusal directions on the whole model in each process, which",
    "prefill": "needs a reference model in each process, which",
}
_WITHOUT_MODEL = ("oracle", "refusal_prefix", "lasting_refusal")


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
    _check_attacks(config)
    _check_judges(config)
    _check_benchmarks(config)
    _check_images(config)
    _check_probes(config)
    _check_shown(config)
    _check_capability(config)
    _check_published(config)


def _known(key: str, names: Iterable[str], registry: Iterable[str], where: str) -> None:
    for name in names:
        if name not in registry:
            raise ValueError(
                f"{key}: '{name}' is not in '{where}'{near_miss(name, registry)}; "
                f"it has {', '.join(registry) or 'nothing'}"
            )


def _check_run(config: Config) -> None:
    run = config.run
    _known("run.models", run.models, config.models, "models")
    _known("run.attacked", run.attacked, run.models, "run.models")
    _known("run.aligned", run.aligned, run.models, "run.models")
    _known("run.arms", run.arms, config.align.arms, "align.arms")


def _check_tuned(config: Config) -> None:
    for name, entry in config.models.items():
        if not isinstance(entry, TunedModel):
            continue
        key = f"models.{name}"
        _known(f"{key}.base", [entry.base], config.models, "models")
        base = config.models[entry.base]
        if not isinstance(base, Checkpointed):
            raise ValueError(
                f"{key}.base: '{entry.base}' is of kind '{base.kind}'; allowed are local, gguf "
                "and hub: an organism has its own safety tuning, and a model is tuned once"
            )
        tuning = entry.safety_tuning
        _known(f"{key}.safety_tuning.without", tuning.without, config.datasets, "datasets")
        for side, prompts in entry.sides().items():
            _known(f"{key}.{side}.datasets", prompts.datasets, config.datasets, "datasets")
            for dataset in prompts.datasets:
                if has_images(config.datasets[dataset]):
                    raise ValueError(
                        f"{key}.{side}.datasets: '{dataset}' has images; models are tuned on "
                        "text alone"
                    )


def _check_chosen(config: Config) -> None:
    run, attacks = config.run, config.attack
    selections = config.identification.selections
    _known("run.selections", run.selections or (), selections, "identification.selections")
    _known("run.attacks", run.attacks or (), attacks.attacks, "attack.attacks")
    _known("run.benchmarks", run.benchmarks or (), attacks.benchmarks, "attack.benchmarks")
    where = "run.selections" if run.selections else "identification.selections"
    _known("align.selections", config.align.selections, config.selections, where)


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
    _known("align.rounds_of", align.rounds_of, config.models, "models")
    for name, entry in align.arms.items():
        _known(f"align.arms.{name}.models", entry.models or (), config.models, "models")
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
        _known(f"identification.{side}.datasets", names, config.datasets, "datasets")
    control = config.topic_control
    for part in ("matched", "plain") if control else ():
        names = getattr(control, part).datasets
        _known(f"topic_control.{part}.datasets", names, config.datasets, "datasets")


def _check_pairs(config: Config) -> None:
    _known("align.preferences_of", config.align.preferences_of, config.models, "models")
    for key, mix in config.align.mixes().items():
        _known(f"{key}.sources", mix.sources, config.preferences, "preferences")
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
        _known("allow_overlap", [first], sorted(used), "identification, tuning and preferences")
        _known("allow_overlap", [second], held_out, "attack.benchmarks, gates among them")


def _check_attacks(config: Config) -> None:
    attacks, selections = config.attack.attacks, config.identification.selections
    if config.attack.rounds is not None and 0 not in config.attack.rounds:
        raise ValueError(
            f"attack.rounds: {config.attack.rounds} lacks 0, the model before any round, which all "
            "others are compared with; add it"
        )
    if CLEAN in attacks:
        raise ValueError(f"attack.attacks: '{CLEAN}' is the name of no attack at all")
    poolings = config.identification.poolings
    for name, selection in selections.items():
        key = f"identification.selections.{name}.pooling"
        _known(key, [selection.pooling], poolings, "identification.poolings")
    for name, attack in attacks.items():
        arms = {"base", *config.align.arms}
        _known(f"attack.attacks.{name}.arms", attack.arms or (), arms, "align.arms")
        _known(f"attack.attacks.{name}.models", attack.models or (), config.models, "models")
        if isinstance(attack, NeuronAttack | TaylorAttack):
            _check_operator(config, name, attack)
        if isinstance(attack, NeuronAttack | IterativeAttack):
            _check_selection(config, name, attack)
        if isinstance(attack, InterpolateAttack) and attack.toward is not None:
            _known(f"attack.attacks.{name}.toward", [attack.toward], config.models, "models")
        if not isinstance(attack, NeuronAttack):
            continue
        _check_targets(config, f"attack.attacks.{name}", attack.targets, name)


def _check_selection(config: Config, name: str, attack: NeuronAttack | IterativeAttack) -> None:
    key, selections = f"attack.attacks.{name}.selection", config.identification.selections
    _known(key, [attack.selection], selections, "identification.selections")
    if name in config.attacks:
        _known(key, [attack.selection], config.selections, "run.selections")
    if attack.kind == "iterative" and selections[attack.selection].rule.kind == "probe":
        by_scores = [name for name, one in selections.items() if one.rule.kind != "probe"]
        raise ValueError(
            f"{key}: '{attack.selection}' is by a probe; neurons are found anew by scores, by one "
            f"of {', '.join(by_scores)}"
        )


def _check_operator(config: Config, name: str, attack: NeuronAttack | TaylorAttack) -> None:
    poolings = config.identification.poolings
    if attack.operator.kind == "mean_ablate" and "mean" not in poolings:
        raise ValueError(
            f"attack.attacks.{name}.operator: mean_ablate takes the moments of pooling 'mean', "
            f"which is not in identification.poolings ({', '.join(poolings)}); add it there"
        )


def _check_targets(config: Config, key: str, targets: list[str] | None, attack: str) -> None:
    """Whether the neurons of each target can be told from the selection's others."""
    criteria = config.criteria_of(attack)
    for target in targets or ():
        if unknown := [name for name in target.split("+") if name not in criteria]:
            selection = config.neuron_attack(attack).selection
            raise ValueError(
                f"{key}.targets: '{target}' has {', '.join(unknown)}, which is no criterion of "
                f"identification.selections.{selection}; it has {', '.join(criteria)}"
            )


def _check_judges(config: Config) -> None:
    judges = config.attack.model_judges
    known = (*_WITHOUT_MODEL, *judges)
    _known("attack.judges", config.attack.judges, known, "attack.model_judges")
    for name, judge in judges.items():
        _known(f"attack.model_judges.{name}.model", [judge.model], config.models, "models")
        if not isinstance(config.models[judge.model], Checkpointed):
            raise ValueError(
                f"attack.model_judges.{name}.model: '{judge.model}' is trained by the "
                "workflow; a judge is a local, gguf or hub model"
            )
        if name in {*_WITHOUT_MODEL, *(f"{n}_veto" for n, j in judges.items() if j.keyword_veto)}:
            raise ValueError(
                f"attack.model_judges: '{name}' is the name of another judge; take another one"
            )


def _check_benchmarks(config: Config) -> None:
    for name, benchmark in config.attack.benchmarks.items():
        key = f"attack.benchmarks.{name}"
        _known(f"{key}.dataset", [benchmark.dataset], config.datasets, "datasets")
        _known(f"{key}.models", benchmark.models or (), config.models, "models")
    for name, dataset in config.datasets.items():
        if isinstance(dataset, TypographicDataset):
            _known(f"datasets.{name}.of", [dataset.of], config.datasets, "datasets")


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


def _check_probes(config: Config) -> None:
    selections = config.identification.selections
    if all(selection.rule.kind == "probe" for selection in selections.values()):
        raise ValueError(
            "identification.selections: all are probes; at least one must be of kind "
            "thresholds or fraction"
        )
    for name, attack in config.attack.attacks.items():
        if not isinstance(attack, NeuronAttack):
            continue
        of_probe = selections[attack.selection].rule.kind == "probe"
        if of_probe and attack.fractions:
            raise ValueError(
                f"attack.attacks.{name}.fractions: a probe's set ('{attack.selection}') ranks "
                f"no fractions; allowed: [] (found: {attack.fractions})"
            )
        if of_probe and attack.order == "least":
            raise ValueError(
                f"attack.attacks.{name}.order: a probe's set ('{attack.selection}') has no ranking "
                "to be read from its other end; allowed: most"
            )


def _check_shown(config: Config) -> None:
    """Whether each attacked model has harmful prompts, and case studies an attack to show."""
    if not config.run.attacked:
        return
    harmful = [b for b in config.benchmarks.values() if b.role == "harmful"]
    for model in config.run.attacked:
        if harmful and not any(b.models is None or model in b.models for b in harmful):
            raise ValueError(
                f"attack.benchmarks: none of role 'harmful' is for '{model}', which "
                "run.attacked names; add it to the 'models' of one"
            )
    if config.attacks and config.report.case_studies.count:
        where = "run.attacks" if config.run.attacks is not None else "attack.attacks"
        shown = config.report.case_studies.attack
        _known("report.case_studies.attack", [shown], config.attacks, where)
        _check_case_studies(config, shown)


def _check_case_studies(config: Config, name: str) -> None:
    attack = config.attack.attacks[name]
    if not isinstance(attack, NeuronAttack):
        raise ValueError(
            f"report.case_studies.attack: attack.attacks.{name} is of kind '{attack.kind}'; cases "
            "are of an attack on neurons: name one, or set report.case_studies.count to 0"
        )
    criteria = config.criteria_of(name)
    whole = "+".join(criteria)
    lacks = {
        "source adaptive": attack.source == "adaptive",
        f"{whole} among its targets": whole in attack.targets_among(criteria),
        "base among its arms": attack.arms is None or "base" in attack.arms,
        "0 among its rounds": attack.rounds is None or 0 in attack.rounds,
        "one of run.attacked among its models": attack.models is None
        or not {*config.run.attacked}.isdisjoint(attack.models),
    }
    if not all(lacks.values()):
        missing = ", ".join(need for need, met in lacks.items() if not met)
        raise ValueError(
            f"report.case_studies.attack: attack.attacks.{name} needs {missing}; "
            "name another attack or change this one"
        )


def _check_capability(config: Config) -> None:
    capability = config.capability
    _known("capability.run", capability.run, capability.tasks, "capability.tasks")
    _known("capability.models", capability.models or (), config.run.models, "run.models")
    _known("capability.attacks", capability.attacks, config.attack.attacks, "attack.attacks")
    for name, attacked in capability.attacks.items():
        kind = config.attack.attacks[name].kind
        if kind == "prefill":
            raise ValueError(
                f"capability.attacks: '{name}' forces how answers begin; capability is measured "
                "under attacks on the model itself: take it out"
            )
        if kind == "taylor" and not attacked.fractions:
            raise ValueError(
                f"capability.attacks.{name}.fractions: '{name}' is of kind 'taylor', which ranks "
                "all neurons and identifies no set; name shares of them"
            )
        if kind in ("interpolate", "relearn", "benign_tune"):
            raise ValueError(
                f"capability.attacks: '{name}' is of kind '{kind}', on the weights; capability is "
                "measured under attacks on neurons and directions: take it out"
            )
        if kind != "neurons":
            for key in ("targets",) if kind == "taylor" else ("targets", "fractions"):
                if found := getattr(attacked, key):
                    raise ValueError(
                        f"capability.attacks.{name}.{key}: '{name}' is of kind '{kind}', and this "
                        f"key is of neurons; leave it out (found: {found})"
                    )
            continue
        _check_targets(config, f"capability.attacks.{name}", attacked.targets, name)


def _check_published(config: Config) -> None:
    published = config.published
    if not published.models:
        return
    arms = {"base", *config.align.arms}
    _known("published.models", published.models, config.models, "models")
    _known("published.methods", published.methods, arms, "align.arms")
    _known("published.tasks", published.tasks, config.capability.tasks, "capability.tasks")
    _known("published.attacks", published.attacks, config.attack.attacks, "attack.attacks")
    for name in published.attacks:
        if (kind := config.attack.attacks[name].kind) != "neurons":
            raise ValueError(
                f"published.attacks: '{name}' is of kind '{kind}'; the paper's are on neurons"
            )
    harmful = {n for n, b in config.attack.benchmarks.items() if b.role == "harmful"}
    where = "the benchmarks of role harmful"
    _known("published.benchmarks", published.benchmarks, sorted(harmful), where)
