"""What the safety tuning of models that are not organisms reads and is set to."""

from typing import Any

from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import TunedModel
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.states import BASE, State

GATE_TOKENS = 32
"""Length of an answer of which the gate's judge reads the beginning."""


def tuned_models(config: Config) -> dict[str, TunedModel]:
    """The models of the run that are tuned from others."""
    entries = {name: config.models[name] for name in config.run.models}
    return {name: entry for name, entry in entries.items() if isinstance(entry, TunedModel)}


def bases(config: Config) -> list[str]:
    """The models that those of the run are tuned from."""
    return list(dict.fromkeys(entry.base for entry in tuned_models(config).values()))


def base_checkpoint(config: Config, paths: Paths, model: str, seed: int) -> str:
    """The checkpoint that a tuned model begins from."""
    return fill(paths.checkpoint, State(tuned_models(config)[model].base, BASE, 0, seed))


def base_answers(config: Config, model: str) -> dict[str, Any]:
    """Which prompts a base answers itself, and how."""
    tuning = tuned_models(config)[model].safety_tuning
    return {
        "rows": tuning.harmless.rows(),
        "max_new_tokens": tuning.answer_tokens,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def examples(config: Config, model: str) -> dict[str, Any]:
    """Which prompts are harmful, and the sentences that refuse them."""
    tuning = tuned_models(config)[model].safety_tuning
    return {"harmful": tuning.harmful.rows(), "refusals": tuning.refusals}


def safety_tuned(config: Config, model: str, seed: int) -> dict[str, Any]:
    """How a model is trained; what its gate does when it is missed is no part of it."""
    return {
        "training": tuned_models(config)[model].safety_tuning.training.model_dump(),
        "seed": seed,
        "cpu_threads": config.compute.cpu_threads,
    }


def validated(config: Config, state: State) -> dict[str, Any]:
    """A state's validation gate. Aligned states that miss theirs are kept, whatever T0 would be."""
    gate = tuned_models(config)[state.model].gate
    bounds = gate.bounds.model_dump()
    return {
        "state": state._asdict(),
        "harmful": gate.harmful.rows(),
        "harmless": gate.harmless.rows(),
        "bounds": bounds if state.round == 0 else bounds | {"when_missed": "keep"},
        "max_new_tokens": GATE_TOKENS,
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }
