"""The config keys that a stage uses: its rule passes just these, so it reruns for no others."""

from collections.abc import Iterable
from typing import Any

from safeneuron.capability.definitions import definition
from safeneuron.config.schema.attack import ModelJudge
from safeneuron.config.schema.capability import HubTask
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import TopicControl
from safeneuron.config.schema.models import Checkpoint, OrganismModel, TunedModel
from safeneuron.config.schema.preferences import OrganismPairs
from safeneuron.experiment.paths import Paths, over
from safeneuron.experiment.states import State
from safeneuron.neurons.criteria.registry import Thresholds


def pretrained(config: Config, model: str, seed: int) -> dict[str, Any]:
    """The size of an organism and how it is pre-trained.

    Raises:
        ValueError: the model is no organism.
    """
    entry = config.models[model]
    if not isinstance(entry, OrganismModel):
        raise ValueError(f"models.{model} is not an organism")
    return {
        "size": entry.model_dump(),
        "pretrain": config.organism.pretrain.model_dump(),
        "seed": seed,
        "cpu_threads": config.compute.cpu_threads,
    }


def tuned(config: Config, seed: int) -> dict[str, Any]:
    """How an organism is safety-tuned; what its gate does when it is missed is no part of it."""
    return {
        "safety_tuning": config.organism.safety_tuning.model_dump(),
        "until": config.organism.gate.bounds.model_dump(),
        "seed": seed,
        "cpu_threads": config.compute.cpu_threads,
    }


def has_gate(config: Config, model: str) -> bool:
    """Whether the states of a model pass or miss a validation gate: if it is tuned here."""
    return isinstance(config.models[model], (OrganismModel, TunedModel))


def validations(config: Config, paths: Paths, states: Iterable[State]) -> list[str]:
    """The validations of those of the states whose model has a gate."""
    return over([state for state in states if has_gate(config, state.model)], paths.validation)


def validated_organism(config: Config, state: State) -> dict[str, Any]:
    """An organism's validation gate. Aligned states that miss it are kept, whatever T0 would be."""
    gate = config.organism.gate.model_dump()
    return {
        "state": state._asdict(),
        "gate": gate if state.round == 0 else gate | {"when_missed": "keep"},
        "cpu_threads": config.compute.cpu_threads,
    }


def selection_rule(config: Config, model: str, selection: str) -> dict[str, Any]:
    """A selection's rule on a model: the model's own thresholds go before those of the rule."""
    rule = config.selections[selection].rule
    entry = config.models[model]
    settings = rule.model_dump(exclude_none=True)
    if isinstance(rule, Thresholds) and isinstance(entry, Checkpoint) and entry.thresholds:
        settings |= entry.thresholds.model_dump(exclude_none=True)
    return settings


def selected(config: Config, model: str, selection: str) -> dict[str, Any]:
    """A selection by scores on a model: its name, criteria and rule."""
    return {
        "selection": selection,
        "criteria": config.selections[selection].criteria,
        "rule": selection_rule(config, model, selection),
    }


def checkpoint_source(config: Config, model: str) -> dict[str, Any]:
    """Where a local or hub checkpoint comes from, and the dtype it is loaded in."""
    return config.models[model].model_dump(exclude={"kind", "thresholds", "parameters"})


def converted(config: Config, model: str) -> dict[str, Any]:
    """The dtype that a GGUF file is converted to; the file itself is an input."""
    return config.models[model].model_dump(include={"dtype"})


def chat(config: Config, model: str) -> dict[str, Any]:
    """What chats with a model that is not trained here begin with."""
    return config.models[model].model_dump(include={"system_prompt"})


def model_judges(config: Config) -> dict[str, ModelJudge]:
    """The judges of the run that are models; none if nothing is attacked."""
    judges = config.attack.model_judges
    return {n: judges[n] for n in config.attack.judges if n in judges and config.run.attacked}


def uses_chat_template(config: Config, model: str) -> bool:
    """Whether a model gets its prompts in a chat template: not if it is a HarmBench classifier."""
    kinds = {judge.kind for judge in model_judges(config).values() if judge.model == model}
    return model in config.run.models or kinds != {"harmbench"}


def vetoed_judges(config: Config) -> dict[str, str]:
    """The judges that veto another's verdicts -> that other judge."""
    return {f"{n}_veto": n for n, j in model_judges(config).items() if j.keyword_veto}


def all_judges(config: Config) -> list[str]:
    """The judges of the run; those that veto come last."""
    return [*config.attack.judges, *vetoed_judges(config)]


def model_judge(config: Config, judge: str) -> dict[str, Any]:
    """The settings of `model_judge` (`judges.settings.ModelJudgeSettings`)."""
    return {
        "judge": judge,
        "kind": model_judges(config)[judge].kind,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def topic_control(config: Config) -> TopicControl | None:
    """The topic control, unless it is about the organism's prompts and the run is not."""
    control = config.topic_control
    sides = config.identification
    if control is None:
        return None
    used = {config.datasets[n].kind for n in (*sides.unsafe.datasets, *sides.safe.datasets)}
    control_kinds = {
        config.datasets[n].kind for n in (*control.matched.datasets, *control.plain.datasets)
    }
    return None if control_kinds == {"organism"} and "organism" not in used else control


def dataset_source(config: Config, name: str) -> dict[str, Any]:
    """The name and the entry of a data set, without what is for estimates only."""
    entry = config.datasets[name]
    return {"dataset": name, "source": entry.model_dump(exclude={"prompts"})}


def pair_source(config: Config, name: str) -> dict[str, Any]:
    """The name and the entry of a source of preference pairs.

    Its share is drawn as it is read where it has images, so that no other image is kept; of text
    alone the mix draws.
    """
    entry = config.preferences[name]
    if isinstance(entry, OrganismPairs):
        raise ValueError(f"preferences.{name} has no source")
    source = entry.model_dump()
    return {"name": name, "source": source if entry.image else {**source, "share": 1.0}}


def questions(config: Config, name: str) -> dict[str, Any]:
    """The layout of a capability task's questions and, on the hub, where they are."""
    task = config.capability.tasks[name]
    used = {"form", "n_shot", *(("hub", "shots") if isinstance(task, HubTask) else ())}
    return {"task": name, **task.model_dump(include=used)}


def capability_asked(config: Config, name: str) -> dict[str, Any]:
    """How a capability task is asked and scored."""
    task = config.capability.tasks[name]
    return {
        "task": name,
        "definition": definition(task.form),
        **task.model_dump(include={"n_shot", "limit"}),
        **config.capability.model_dump(include={"chat_template", "batch_size"}),
    }
