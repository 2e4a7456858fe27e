"""What can be known to be wrong of attacks on the weights before a job runs."""

from pathlib import Path

from safeneuron.config.load import ConfigError
from safeneuron.config.schema.attacks.fine_tuning import FineTuning
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import Checkpointed, LocalModel, OrganismModel, TunedModel
from safeneuron.config.schema.preferences import OrganismPairs
from safeneuron.experiment import attacks
from safeneuron.experiment.benchmarks import asked_of, speaks_organism
from safeneuron.experiment.catalog import Catalog
from safeneuron.experiment.requests import needed_gb
from safeneuron.experiment.work import JobWork
from safeneuron.models.folder import sees, weight_shapes


def check_weight_attacks(config: Config, catalog: Catalog) -> None:
    """Whether each attacked model has what the attacks on its weights need.

    Raises:
        ConfigError: names the key, the model, what was found and what is allowed.
    """
    for name, attack in config.attacks.items():
        for model in attacks.models_under(config, name):
            if isinstance(attack, InterpolateAttack):
                _check_toward(config, name, model, attack.toward)
            if isinstance(attack, FineTuning):
                _check_pairs(config, name, model)
                _check_memory(config, catalog, name, model)


def _check_toward(config: Config, name: str, model: str, toward: str | None) -> None:
    key = f"attack.attacks.{name}.toward"
    entry = config.models[model]
    of = config.origin_of(model)
    if isinstance(of, LocalModel) and sees(Path(of.path)):
        raise ConfigError(
            f"attack.attacks.{name}.kind: 'interpolate' reads weights by the names that a loaded "
            f"model has, and the files of '{model}', which sees images, have others; name models "
            f"of text alone in attack.attacks.{name}.models"
        )
    if toward is None:
        if not isinstance(entry, OrganismModel | TunedModel):
            raise ConfigError(
                f"{key}: null takes the model before its safety tuning, which is known of "
                f"organisms and of models of kind 'tuned', and '{model}' is of kind "
                f"'{entry.kind}'; name the model before its alignment, a key of 'models', or take "
                f"'{model}' out of attack.attacks.{name}.models"
            )
        return
    other = config.models[toward]
    if not isinstance(other, Checkpointed) and toward not in config.run.models:
        raise ConfigError(
            f"{key}: '{toward}' is trained by the workflow, but not in run.models "
            f"({', '.join(config.run.models)}); add it there"
        )
    one, two = of, config.origin_of(toward)
    same = True
    if isinstance(one, OrganismModel) and isinstance(two, OrganismModel):
        same = one == two
    if isinstance(one, LocalModel) and isinstance(two, LocalModel):
        same = weight_shapes(Path(one.path)) == weight_shapes(Path(two.path))
    if not same:
        raise ConfigError(
            f"{key}: the weights of '{toward}' have other names or shapes than those of '{model}'; "
            "name a model of the same architecture and size"
        )


def _check_pairs(config: Config, name: str, model: str) -> None:
    """Whether the pairs that a model would be tuned on are text in its language."""
    key = f"attack.attacks.{name} tunes '{model}' on the pairs of"
    where = (
        f"align.preferences_of.{model}"
        if model in config.align.preferences_of
        else "align.preferences"
    )
    for source in config.align.mix_of(model).sources:
        entry = config.preferences[source]
        if isinstance(entry, OrganismPairs):
            if not speaks_organism(config, model):
                raise ConfigError(
                    f"{key} {where}.sources: '{source}' is in the organism's language, which "
                    f"'{model}' does not speak; name sources of pairs of yours there"
                )
        elif entry.image is not None:
            raise ConfigError(
                f"{key} {where}.sources: '{source}' has images, and attacks tune on text alone; "
                f"take '{model}' out of attack.attacks.{name}.models"
            )


def _check_memory(config: Config, catalog: Catalog, name: str, model: str) -> None:
    """Whether one GPU holds the training, where the model is large enough for GPUs."""
    work, gpu = JobWork(config, catalog), config.compute.gpu
    if work.size_of(model).parameters < gpu.from_parameters:
        return
    needed = max(
        needed_gb(work.attack(model, name, benchmark).bytes)
        for benchmark in asked_of(config, model)
    )
    if needed > gpu.memory_gb:
        raise ConfigError(
            f"attack.attacks.{name}: tuning '{model}' needs {needed:.0f} GB on one GPU, and "
            f"compute.gpu.memory_gb is {gpu.memory_gb:g}; a lower batch_size needs less, and "
            f"attacks tune on one GPU alone: else take '{model}' out of its 'models'"
        )
