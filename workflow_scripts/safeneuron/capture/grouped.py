"""Moments of many groups of prompts from one forward pass over them."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.capture.forward import observed_forward
from safeneuron.capture.pooling import pool
from safeneuron.capture.routed import capture_routed
from safeneuron.capture.streaming import GroupedMoments, constants_of, stack_layers
from safeneuron.models.batches import Batch
from safeneuron.models.mixture_layers import is_mixture
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.moments import Moments, magnitude_pooling, with_magnitudes


def capture_grouped(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    groups: np.ndarray,
    poolings: Sequence[str],
    batch_size: int,
    pad_id: int,
) -> dict[tuple[str, int, int], Moments]:
    """Moments of each neuron's pooled activation over each group of prompts, in each draw of them.

    Where the activations lie the groups' moments take 16 bytes a neuron, pooling, group and draw.

    Args:
        prompts: token ids, chat template applied.
        groups: integers from 0, [draws, prompts].
        poolings: see `safeneuron.capture.pooling.POOLINGS`.

    Returns:
        (pooling, draw, group) -> moments, [layers, neurons].
    """
    sites = ffn_sites(model)
    if is_mixture(sites):
        return capture_routed(model, prompts, groups, poolings, batch_size, pad_id, "left")
    pooled = with_magnitudes(poolings)
    layers = [GroupedMoments() for _ in sites]  # rows of the neurons under each pooling in turn
    count = int(groups.max()) + 1
    # [draws, groups, prompts]
    of_draws = torch.from_numpy(groups[:, None] == np.arange(count)[:, None])

    def add(layer: int, activations: torch.Tensor, mask: torch.Tensor, batch: Batch) -> None:
        members = of_draws[:, :, batch.index].flatten(0, 1).to(activations.device).double()
        layers[layer].add(pool(activations, mask, pooled).flatten(1), members)

    observed_forward(model, prompts, batch_size, pad_id, "left", add)
    constants = constants_of(sites)
    place = {pooling: i for i, pooling in enumerate(pooled)}
    means = [layer.mean.unflatten(1, (len(pooled), -1)) for layer in layers]
    m2s = [layer.m2.unflatten(1, (len(pooled), -1)) for layer in layers]
    return {
        (pooling, draw, group): stack_layers(
            int(layers[0].count[row].item()),
            [mean[row, place[pooling]] for mean in means],
            [m2[row, place[pooling]] for m2 in m2s],
            [mean[row, place[magnitude_pooling(pooling)]] for mean in means],
            constants,
        )
        for pooling in poolings
        for draw in range(len(groups))
        for group in range(count)
        for row in (draw * count + group,)
    }
