"""Preference mixes: what they are called, which models are aligned on them, what is drawn."""

from collections.abc import Iterable
from typing import Any

from safeneuron.config.schema.align import Preferences
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.preferences import OrganismPairs
from safeneuron.experiment.paths import Paths


def of_sources(config: Config) -> dict[str, Preferences]:
    """Name -> mix, of the mixes that are drawn from sources: the common one and models' own."""
    own = {f"{model}/mix": mix for model, mix in config.align.preferences_of.items()}
    return {"mix": config.align.preferences} | own


def of_model(config: Config, model: str) -> str:
    """The name of the mix that a model is aligned on."""
    if model in config.align.preferences_of:
        return f"{model}/mix"
    return "organism" if config.align.preferences.sources == ["organism"] else "mix"


def tables(config: Config, paths: Paths, models: Iterable[str]) -> list[str]:
    """The tables of the mixes that models are aligned on, each once."""
    return paths.preferences(of_model(config, model) for model in models)


def compared(config: Config, models: Iterable[str]) -> list[str]:
    """What `prompt_overlap` and `allow_overlap` call models' mixes, in their tables' order."""
    own = config.align.preferences_of
    names = (f"preferences-{m}" if m in own else "preferences" for m in models)
    return list(dict.fromkeys(names))


def drawn(config: Config, name: str) -> dict[str, Any]:
    """Sizes and seed of a mix, and the share that is drawn from each source.

    A source with images has been drawn from when it was read, so that no other image is kept.
    """
    mix = of_sources(config)[name]
    entries = {source: config.preferences[source] for source in mix.sources}
    return {
        **mix.model_dump(exclude={"sources"}),
        "shares": {
            source: entry.share if entry.image is None else 1.0
            for source, entry in entries.items()
            if not isinstance(entry, OrganismPairs)
        },
    }
