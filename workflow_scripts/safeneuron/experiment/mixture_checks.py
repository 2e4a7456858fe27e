"""What can be known to be wrong for mixtures of experts before a job runs."""

from pathlib import Path

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.config.load import ConfigError
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.models import LocalModel
from safeneuron.experiment import prompt_sets
from safeneuron.experiment.catalog import Catalog
from safeneuron.experiment.mixtures import mixtures
from safeneuron.models.folder import weight_shapes
from safeneuron.models.mixtures import holds_all_experts
from safeneuron.neurons.scores import LEAST_REACHING

WITH_GRADIENTS = ("taylor", "single")
"""The kinds of attacks that find neurons by gradients."""


def check_mixtures(config: Config, catalog: Catalog) -> None:
    """Whether the run's mixtures of experts can be trained and scored as the configuration says.

    Raises:
        ConfigError: names the key, the model and what is allowed.
    """
    for model in mixtures(config):
        if model in config.run.aligned:
            _check_training(config, model)
        _check_prompts(config, catalog, model)
        if model in config.run.attacked:
            _check_attacks(config, model)


def _check_attacks(config: Config, model: str) -> None:
    for name, attack in config.attacks.items():
        if attack.models is not None and model not in attack.models:
            continue
        if attack.kind == "interpolate" and _keeps_experts_apart(config, model):
            raise ConfigError(
                f"attack.attacks.{name}.kind: '{attack.kind}' reads weights by the names that a "
                f"loaded model has, and the files of '{model}', a mixture of experts, keep each "
                f"expert apart; name the others in attack.attacks.{name}.models"
            )
        if attack.kind in WITH_GRADIENTS:
            raise ConfigError(
                f"attack.attacks.{name}.kind: '{attack.kind}' takes gradients by the neurons of "
                f"dense models alone, and '{model}' is a mixture of experts; name the others in "
                f"attack.attacks.{name}.models"
            )


def _keeps_experts_apart(config: Config, model: str) -> bool:
    """Whether a mixture's files do not have all experts of a layer in one weight."""
    origin = config.origin_of(model)
    if not isinstance(origin, LocalModel):
        return False
    return not any(map(holds_all_experts, weight_shapes(Path(origin.path))))


def _check_training(config: Config, model: str) -> None:
    training = config.align.training
    found = {"lora": training.lora, "parallel: fsdp": training.parallel == "fsdp"}
    for setting in (key for key, given in found.items() if given):
        raise ConfigError(
            f"align.training: {setting} does not train a mixture of experts, as '{model}' of "
            "run.aligned is; allowed are lora: null, parallel: none or ddp"
        )
    for name in config.arms_of(model):
        arm = ARMS[config.align.arms[name].method]
        if arm.attacked == "safety" and "neurons" in arm.shares:
            raise ConfigError(
                f"run.arms: '{name}' zeroes neurons for safety pairs alone, and those of a mixture "
                f"of experts, as '{model}' of run.aligned is, know no pairs; take it out, or give "
                "its 'models'"
            )


def _check_prompts(config: Config, catalog: Catalog, model: str) -> None:
    """Whether each contrast has prompts enough to score an expert that all of them reach."""
    categories = prompt_sets.category_contrasts(config, catalog).values()
    sets = [prompt_sets.SAFE, *(name for names in categories for name in names)]
    for name in sets:
        rows = prompt_sets.rows_of(config, name)
        number = prompt_sets.count(catalog, rows, LEAST_REACHING)
        if number < LEAST_REACHING:
            side = "safe" if name == prompt_sets.SAFE else "unsafe"
            raise ConfigError(
                f"identification.{side}: '{name}' has {number} prompts, and an expert of '{model}' "
                f"(a mixture of experts) has scores where at least {LEAST_REACHING} of a side "
                "reach it; take sets of more prompts, or the model out of run.models"
            )
