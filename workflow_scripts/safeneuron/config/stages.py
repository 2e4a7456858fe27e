"""The config keys that a stage uses: its rule passes just these, so it reruns for no others."""

from typing import Any

from safeneuron.config.schema import Config, OrganismModel


def language(config: Config) -> dict[str, Any]:
    """Seed and split sizes of the organism's language, by the splits' own names."""
    dump = config.organism.language.model_dump()
    return {"seed": dump.pop("seed"), "splits": dump}


def size(config: Config, model: str) -> dict[str, int]:
    """Layers, widths and heads of an organism."""
    entry = config.models[model]
    if not isinstance(entry, OrganismModel):
        raise ValueError(f"models.{model} is not an organism")
    return entry.model_dump(exclude={"kind"})
