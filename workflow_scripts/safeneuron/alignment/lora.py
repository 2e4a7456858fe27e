"""Low-rank training (LoRA, Hu et al. 2022) under which frozen neurons stay what they are.

A weight of the language model's linear layers is W + s·BA with W constant, A [rank, in] and
B [out, rank]. A neuron's gate and up rows move by s·B[row]·A, so that row of B is held at zero; its
down column moves by s·B·A[:, column], so that column of A is made zero and held there.
"""

from collections.abc import Iterator

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel

from safeneuron.alignment.freeze_proof import FreezeViolationError
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from safeneuron.alignment.settings import LoRA
from safeneuron.models.ffn import Projection, is_transposed
from safeneuron.models.mixture_layers import is_mixture
from safeneuron.models.site import Index, UnsupportedArchitectureError
from safeneuron.models.sites import decoder_layers, ffn_sites, owned

_ADAPTER = "default"


def add_adapters(model: PreTrainedModel, lora: LoRA, seed: int) -> PeftModel:
    """Put adapters on all linear layers of the decoder, in place; nothing else trains.

    Their product is zero: the model computes what it did.

    Args:
        seed: of A's first values.

    Returns:
        The wrapper that a trainer takes; `model` is inside it.

    Raises:
        UnsupportedArchitectureError: the model has experts, whose weights are of no linear layer.
    """
    if is_mixture(ffn_sites(model)):
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: LoRA does not train mixtures of experts; set "
            "align.training.lora to null"
        )
    names = {module: name for name, module in model.named_modules()}
    linear = [
        module
        for layer in decoder_layers(model)
        for module in layer.modules()
        if isinstance(module, Projection)
    ]
    torch.manual_seed(seed)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        target_modules=[names[module] for module in linear],
        fan_in_fan_out=any(map(is_transposed, linear)),
    )
    return get_peft_model(model, config, adapter_name=_ADAPTER)


@torch.no_grad()
def frozen_adapters(model: PreTrainedModel, mask: np.ndarray) -> FrozenSlices:
    """Hold the neurons of a mask constant in a model with adapters."""
    for parameter, index in _adapter_slices(model, mask):
        parameter[index] = 0
    return FrozenSlices(_adapter_slices(model, mask))


def merge_adapters(wrapped: PeftModel, mask: np.ndarray) -> None:
    """Add the adapters to the weights that they belong to and take them off, in place.

    Frozen slices keep their bits, also a -0 that a zero was added to. The weights that had
    adapters are left as the ones that train.

    Raises:
        FreezeViolationError: an adapter moves a frozen slice.
    """
    model = wrapped.get_base_model()
    exact = FrozenSlices(frozen_slices(model, mask))
    adapted = [
        inside
        for module in model.modules()
        if isinstance(inside := dict(module.named_children()).get("base_layer"), Projection)
    ]
    wrapped.merge_and_unload()
    if change := exact.moved():
        raise FreezeViolationError(f"adapters moved frozen weights, by up to {change:.3g}")
    exact.restore()
    for layer in adapted:
        layer.weight.requires_grad_(True)


def _adapter_slices(
    model: PreTrainedModel, mask: np.ndarray
) -> Iterator[tuple[torch.Tensor, Index]]:
    """The rows of B and columns of A that move the slices of a mask's neurons."""
    for part in owned(model, mask):
        if part.parameter.dim() == 2:  # biases have no adapters
            matrix = "lora_B" if part.inward else "lora_A"
            where = part.where[::-1] if is_transposed(part.projection) else part.where
            yield part.projection.get_parameter(f"{matrix}.{_ADAPTER}.weight"), where
