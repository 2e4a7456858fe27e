"""The operator `zero`: neurons that contribute nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.models.sites import ffn_sites


@contextmanager
def zeroed(model: PreTrainedModel, mask: np.ndarray) -> Iterator[None]:
    """Zero neurons at every token while the context lasts (paper §4.2).

    A forward hook multiplies the `down_proj` input, which gives logits identical to zeroing the
    neurons' `down_proj` columns or their `up` rows; weights are untouched.

    Args:
        mask: boolean [layers, neurons], True for the neurons to zero.

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    sites = ffn_sites(model)
    expected = (len(sites), sites[0].neurons)
    if mask.shape != expected:
        raise ValueError(f"a mask of shape {mask.shape} for a model of {expected} neurons")

    def hook_for(keep: torch.Tensor):
        return lambda module, inputs: (inputs[0] * keep, *inputs[1:])

    handles = []
    for site, row in zip(sites, mask, strict=True):
        if row.any():
            weight = site.down.weight
            keep = torch.tensor(~row, dtype=weight.dtype, device=weight.device)
            handles.append(site.down.register_forward_pre_hook(hook_for(keep)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
