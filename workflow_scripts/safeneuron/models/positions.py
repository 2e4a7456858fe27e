"""Learned positions, counted from a prompt's first token and not from its padding.

Left padding shifts absolute positions, so that a prompt's activations would depend on its batch.
Rotary and other relative positions do not know of it.
"""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

_LEARNED = "wpe"
"""How decoders call a table of learned positions (GPT-2)."""


def count_positions(model: PreTrainedModel) -> None:
    """Let a model count its learned positions by the mask; one that has none stays as it is."""
    decoder = model.get_decoder()
    if _LEARNED in dict(decoder.named_children()):
        decoder.register_forward_pre_hook(_counted, with_kwargs=True)


def _counted(
    _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a forward pass with positions, where they have a mask and no positions."""
    mask = kwargs.get("attention_mask")
    if kwargs.get("position_ids") is not None or mask is None:
        return args, kwargs
    return args, kwargs | {"position_ids": positions(mask, _tokens(args, kwargs))}


def positions(mask: torch.Tensor, tokens: int) -> torch.Tensor:
    """Positions of the last tokens of sequences, 0 for padding; int64 [prompts, tokens].

    Args:
        mask: [prompts, all tokens], 1 on real ones.
        tokens: that are given; those before are in a cache.
    """
    return (mask.long().cumsum(dim=-1) - 1).clamp(min=0)[:, -tokens:]


def _tokens(args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    given = args[0] if args else kwargs.get("input_ids")
    shape: torch.Size = (kwargs["inputs_embeds"] if given is None else given).shape
    return shape[1]
