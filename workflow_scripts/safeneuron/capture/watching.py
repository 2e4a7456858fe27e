"""Running prompts through a decoder while something looks at every neuron's activation."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn
from transformers import PreTrainedModel

from safeneuron.models.batches import Batch, batches
from safeneuron.models.sites import FFNSite, ffn_sites
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

Receiver = Callable[[int, torch.Tensor, torch.Tensor, Batch], None]
"""Takes layer, activations [prompts, tokens, neurons], attention mask [prompts, tokens], batch."""


@torch.inference_mode()
def run_watched(
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
    with Progress(log, "prompts", len(prompts)) as progress:
        for batch in batches(prompts, batch_size, pad_id, padding_side):
            mask = batch.attention_mask.to(model.device)
            ids = batch.input_ids.to(model.device)
            with _watching(sites, mask, batch, receive):
                decoder(input_ids=ids, attention_mask=mask, use_cache=False)
            progress.advance(len(batch.index))


@contextmanager
def _watching(
    sites: Sequence[FFNSite], mask: torch.Tensor, batch: Batch, receive: Receiver
) -> Iterator[None]:
    def hook_for(layer: int) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            receive(layer, inputs[0], mask.to(inputs[0].device), batch)

        return hook

    handles = [site.down.register_forward_pre_hook(hook_for(site.layer)) for site in sites]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
