"""An attacked model as an ordinary checkpoint, whose weights say what was done to it."""

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.errors import SafeNeuronError
from safeneuron.interventions.intervention import Intervention
from safeneuron.models.checkpoint import save_checkpoint


class NotInWeightsError(SafeNeuronError):
    """An intervention acts on activations as no weights of the architecture do."""


def save_attacked(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    intervention: Intervention,
    folder: Path,
    processor_of: Path,
) -> None:
    """Write a model that is intervened on, whole or not at all; the model stays as it is.

    The checkpoint's logits are those of the intervention's forward pass.

    Args:
        processor_of: the checkpoint folder whose image processor the model has, if it has one.

    Raises:
        NotInWeightsError: weights cannot say what the intervention does.
    """
    written = intervention.as_weights()
    if written is None:
        raise NotInWeightsError(
            f"the operator '{intervention.operator.kind}' cannot be written into weights; attacks "
            "by zero_ablate and weights can"
        )
    with written.applied(model):
        save_checkpoint(model, tokenizer, folder, processor_of)
