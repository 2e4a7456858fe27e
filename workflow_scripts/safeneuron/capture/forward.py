"""Prompts through a decoder, with a look at every neuron's activation on the way."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel

from safeneuron.models.batches import Batch, batches
from safeneuron.models.sites import ffn_sites, observed
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

Receiver = Callable[[int, Any, torch.Tensor, Batch], None]
"""Takes layer, activations [prompts, tokens, neurons], attention mask [prompts, tokens], batch.

Of a mixture of experts the activations are `models.experts.Routed`.
"""


@torch.inference_mode()
def observed_forward(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    batch_size: int,
    pad_id: int,
    padding_side: str,
    receive: Receiver,
) -> None:
    """One forward pass over prompts, without the language-model head (paper §3.1, Eq. 3).

    Args:
        prompts: token ids, chat template applied.
        receive: is given the input of every layer's `down_proj`, batch by batch.
    """
    model.eval()
    sites = ffn_sites(model)
    decoder = model.get_decoder()

    def see(mask: torch.Tensor, batch: Batch, layer: int, activations: Any) -> None:
        receive(layer, activations, mask.to(activations.device), batch)

    with Progress(log, "prompts", len(prompts)) as progress:
        for batch in batches(prompts, batch_size, pad_id, padding_side):
            mask = batch.attention_mask.to(model.device)
            ids = batch.input_ids.to(model.device)
            with observed(sites, partial(see, mask, batch)):
                decoder(input_ids=ids, attention_mask=mask, use_cache=False)
            progress.advance(len(batch.index))
