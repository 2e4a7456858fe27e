"""What attacks, benchmarks and judges name in a configuration: whether it is there and fits.

Each check raises ValueError, whose message names the key, what was found and what is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.iterative import IterativeAttack
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.config.schema.known import known
from safeneuron.config.schema.models import Checkpointed
from safeneuron.data.prompt_settings import TypographicDataset
from safeneuron.interventions.schemas import CLEAN

if TYPE_CHECKING:
    from safeneuron.config.schema.experiment import Config

_WITHOUT_MODEL = ("oracle", "refusal_prefix", "lasting_refusal")


def check_attacks(config: Config) -> None:
    """Whether attacks name states, selections, criteria and models that there are."""
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
        known(key, [selection.pooling], poolings, "identification.poolings")
    for name, attack in attacks.items():
        arms = {"base", *config.align.arms}
        known(f"attack.attacks.{name}.arms", attack.arms or (), arms, "align.arms")
        known(f"attack.attacks.{name}.models", attack.models or (), config.models, "models")
        if isinstance(attack, NeuronAttack | TaylorAttack):
            _check_operator(config, name, attack)
        if isinstance(attack, NeuronAttack | IterativeAttack):
            _check_selection(config, name, attack)
        if isinstance(attack, InterpolateAttack) and attack.toward is not None:
            known(f"attack.attacks.{name}.toward", [attack.toward], config.models, "models")
        if isinstance(attack, NeuronAttack):
            _check_targets(config, f"attack.attacks.{name}", attack.targets, name)


def _check_selection(config: Config, name: str, attack: NeuronAttack | IterativeAttack) -> None:
    key, selections = f"attack.attacks.{name}.selection", config.identification.selections
    known(key, [attack.selection], selections, "identification.selections")
    if name in config.attacks:
        known(key, [attack.selection], config.selections, "run.selections")
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
            selection = config.attack_of(attack, NeuronAttack).selection
            raise ValueError(
                f"{key}.targets: '{target}' has {', '.join(unknown)}, which is no criterion of "
                f"identification.selections.{selection}; it has {', '.join(criteria)}"
            )


def check_judges(config: Config) -> None:
    """Whether judges are known, and those with a model have one that is not trained here."""
    judges = config.attack.model_judges
    every = (*_WITHOUT_MODEL, *judges)
    known("attack.judges", config.attack.judges, every, "attack.model_judges")
    for name, judge in judges.items():
        known(f"attack.model_judges.{name}.model", [judge.model], config.models, "models")
        if not isinstance(config.models[judge.model], Checkpointed):
            raise ValueError(
                f"attack.model_judges.{name}.model: '{judge.model}' is trained by the "
                "workflow; a judge is a local, gguf or hub model"
            )
        if name in {*_WITHOUT_MODEL, *(f"{n}_veto" for n, j in judges.items() if j.keyword_veto)}:
            raise ValueError(
                f"attack.model_judges: '{name}' is the name of another judge; take another one"
            )


def check_benchmarks(config: Config) -> None:
    """Whether benchmarks and questions in images name data sets and models that there are."""
    for name, benchmark in config.attack.benchmarks.items():
        key = f"attack.benchmarks.{name}"
        known(f"{key}.dataset", [benchmark.dataset], config.datasets, "datasets")
        known(f"{key}.models", benchmark.models or (), config.models, "models")
    for name, dataset in config.datasets.items():
        if isinstance(dataset, TypographicDataset):
            known(f"datasets.{name}.of", [dataset.of], config.datasets, "datasets")


def check_probes(config: Config) -> None:
    """Whether some selection is by scores, and attacks on probes ask for no ranking."""
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


def check_shown(config: Config) -> None:
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
        known("report.case_studies.attack", [shown], config.attacks, where)
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


def check_capability(config: Config) -> None:
    """Whether capability is measured of what there is, under attacks that allow it."""
    capability = config.capability
    known("capability.run", capability.run, capability.tasks, "capability.tasks")
    known("capability.models", capability.models or (), config.run.models, "run.models")
    known("capability.attacks", capability.attacks, config.attack.attacks, "attack.attacks")
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
