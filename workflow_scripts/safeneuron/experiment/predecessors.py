"""The checkpoint that weights are moved toward: the model before its alignment, or a named one."""

from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import OrganismModel, TunedModel
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.states import BASE, State


def checkpoint(config: Config, paths: Paths, state: State, toward: str | None) -> str:
    """The manifest of the model that a state's weights are moved toward.

    Args:
        toward: a key of `models`, whose T0 is taken; None for the model before its safety tuning.

    Raises:
        ValueError: what a model was before its safety tuning is not known.
    """
    entry = config.models[state.model]
    if toward is None and isinstance(entry, OrganismModel):
        return fill(paths.pretrained, state)
    if toward is None:
        if not isinstance(entry, TunedModel):
            raise ValueError(f"models.{state.model} is no model whose predecessor is known")
        toward = entry.base
    return fill(paths.checkpoint, State(toward, BASE, 0, state.seed))


def named(config: Config) -> list[str]:
    """The models that attacks of the run name to move weights toward."""
    of = (one for one in config.attacks.values() if isinstance(one, InterpolateAttack))
    return list(dict.fromkeys(one.toward for one in of if one.toward is not None))
