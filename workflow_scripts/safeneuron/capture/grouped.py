"""Moments of many groups of prompts from one forward pass over them."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.capture.forward import observed_forward
from safeneuron.capture.pooling import pool
from safeneuron.capture.routed import capture_routed
from safeneuron.capture.streaming import constants_of, stack_layers
from safeneuron.models.batches import Batch
from safeneuron.models.experts import is_mixture
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.moments import Moments, magnitude_pooling, with_magnitudes


class GroupedMoments:
    """Count, mean and M2 of groups of rows that arrive in batches; a row may be in several groups.

    Memory is two float64 vectors a group, whatever the number of rows. A batch's own moments are
    computed about its mean, so that a large common offset cancels before squaring, and merged as in
    `safeneuron.capture.streaming`.

    Attributes:
        count: number of rows of each group so far, float64 [groups, 1].
        mean: of them, float64 [groups, neurons].
        m2: sum of squared deviations from the mean, float64 [groups, neurons].
    """

    def __init__(self) -> None:
        self.count = torch.zeros(())
        self.mean = torch.zeros(())
        self.m2 = torch.zeros(())

    def add(self, rows: torch.Tensor, members: torch.Tensor) -> None:
        """Add a batch.

        Args:
            rows: [rows, neurons].
            members: float64 [groups, rows], 1 where a row is in a group, 0 elsewhere.
        """
        rows = rows.double()
        count = members.sum(dim=1, keepdim=True)
        offset = rows.mean(dim=0)
        centred = rows - offset
        mean = members @ centred / count.clamp(min=1)
        m2 = (members @ centred.square() - count * mean.square()).clamp(min=0)
        delta = offset + mean - self.mean
        total = self.count + count
        share = count / total.clamp(min=1)  # 0 where the batch has none of a group
        self.m2 = self.m2 + m2 + delta.square() * (self.count * share)
        self.mean = self.mean + delta * share
        self.count = total


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
