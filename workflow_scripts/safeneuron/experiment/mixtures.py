"""The models of a run that are mixtures of experts, and what the table of their experts is of."""

from pathlib import Path
from typing import Any

from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import LocalModel
from safeneuron.experiment.states import t0_states
from safeneuron.models.folder import mixture_in


def mixtures(config: Config) -> list[str]:
    """Models of the run that are known to be mixtures: those in a folder."""
    origins = {name: config.origin_of(name) for name in config.run.models}
    return [
        name
        for name, model in origins.items()
        if isinstance(model, LocalModel) and mixture_in(Path(model.path))
    ]


def tabled(config: Config) -> dict[str, Any]:
    """The states of the moments of the table of experts, and a pooling that they have.

    How prompts reach experts is the same under all poolings.
    """
    states = t0_states(config, mixtures(config))
    return {
        "states": [state._asdict() for state in states],
        "pooling": config.identification.poolings[0],
    }
