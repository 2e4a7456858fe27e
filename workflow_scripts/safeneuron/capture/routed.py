"""Moments of mixtures of experts: of a prompt's tokens an expert has those that reach it."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.capture.forward import observed_forward
from safeneuron.capture.streaming import GroupedMoments, constants_of
from safeneuron.models.batches import Batch
from safeneuron.models.experts import Routed
from safeneuron.models.sites import ffn_sites, grid_of
from safeneuron.neurons.moments import Moments, magnitude_pooling, with_magnitudes
from safeneuron.neurons.routing import Routing, per_neuron


def pool_routed(
    routed: Routed, mask: torch.Tensor, poolings: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pool over each prompt's tokens that reach an expert; padding never counts.

    Args:
        routed: a layer's activations.
        mask: [prompts, tokens], 1 on real tokens.
        poolings: some of `safeneuron.capture.pooling.POOLINGS`.

    Returns:
        float32 [experts, prompts, poolings, width], 0 where no token of the prompt reaches the
        expert; and how many of its tokens do, int64 [experts, prompts].
    """
    experts, (prompts, length) = routed.number, mask.shape
    real = mask.bool().flatten()[routed.tokens]
    values = routed.activations[real].float()
    # rows lie expert by expert, and those of an expert prompt by prompt
    of_pairs = (routed.experts * prompts + routed.tokens // length)[real]
    counts = torch.bincount(of_pairs, minlength=experts * prompts)
    ends = counts.cumsum(0)
    some = counts > 0

    def reduced(values: torch.Tensor, how: str) -> torch.Tensor:
        return torch.segment_reduce(values, how, lengths=counts[some], axis=0)

    def pooled(pooling: str) -> torch.Tensor:
        match pooling:
            case "max":
                return reduced(values, "max")
            case "last":
                return values[ends[some] - 1]
            case "mean":
                return reduced(values, "mean")
            case "maxabs":
                return reduced(values.abs(), "max")
            case "lastabs":
                return values[ends[some] - 1].abs()
            case "meanabs":
                return reduced(values.abs(), "mean")
        raise ValueError(f"pooling '{pooling}'")

    rows = values.new_zeros(experts * prompts, len(poolings), values.shape[1])
    rows[some] = torch.stack([pooled(pooling) for pooling in poolings], dim=1)
    return rows.unflatten(0, (experts, prompts)), counts.view(experts, prompts)


class RoutedMoments:
    """Moments of groups of prompts for each expert, over those that reach it.

    Attributes:
        moments: of pooled activations, [experts, groups, columns].
        share: sum over all prompts of a group of the share of its tokens that reach an expert,
            float64 [experts, groups].
        prompts: of each group, float64 [groups].
    """

    def __init__(self) -> None:
        self.moments = GroupedMoments()
        self.share = torch.zeros(())
        self.prompts = torch.zeros(())

    def add(self, rows: torch.Tensor, share: torch.Tensor, members: torch.Tensor) -> None:
        """Add a batch.

        Args:
            rows: [experts, prompts, columns].
            share: of a prompt's tokens that reach an expert, float64 [experts, prompts].
            members: float64 [groups, prompts], 1 where a prompt is in a group, 0 elsewhere.
        """
        reached = (share > 0).double()
        self.moments.add(rows, reached[:, None] * members)
        self.share = self.share + share @ members.T
        self.prompts = self.prompts + members.sum(dim=1)


def capture_routed(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    groups: np.ndarray,
    poolings: Sequence[str],
    batch_size: int,
    pad_id: int,
    padding_side: str,
) -> dict[tuple[str, int, int], Moments]:
    """Moments of a mixture of experts over each group of prompts, in each draw of them.

    Args:
        prompts: token ids, chat template applied.
        groups: integers from 0, [draws, prompts].
        poolings: see `safeneuron.capture.pooling.POOLINGS`.

    Returns:
        (pooling, draw, group) -> moments, [layers, neurons].
    """
    sites = ffn_sites(model)
    grid = grid_of(sites)
    pooled = with_magnitudes(poolings)
    layers = [RoutedMoments() for _ in sites]  # columns are an expert's neurons, by poolings
    count = int(groups.max()) + 1
    # [draws, groups, prompts]
    of_draws = torch.from_numpy(groups[:, None] == np.arange(count)[:, None])

    def add(layer: int, routed: Routed, mask: torch.Tensor, batch: Batch) -> None:
        members = of_draws[:, :, batch.index].flatten(0, 1).to(routed.device).double()
        rows, tokens = pool_routed(routed._replace(number=grid.experts), mask, pooled)
        share = tokens.double() / mask.sum(dim=1)
        layers[layer].add(rows.flatten(2), share, members)

    observed_forward(model, prompts, batch_size, pad_id, padding_side, add)
    constants = constants_of(sites)
    place = {pooling: i for i, pooling in enumerate(pooled)}

    means = [layer.moments.mean for layer in layers]
    m2s = [layer.moments.m2 for layer in layers]

    def of_layers(values: Sequence[torch.Tensor], row: int, pooling: str) -> np.ndarray:
        """The means or M2s of a group, [layers, neurons]."""
        columns = (v[:, row].unflatten(1, (len(pooled), -1))[:, place[pooling]] for v in values)
        return np.stack([c.flatten().cpu().numpy() for c in columns])

    def moments(pooling: str, row: int) -> Moments:
        reached = np.stack([layer.moments.count[:, row, 0].cpu().numpy() for layer in layers])
        in_group = int(layers[0].prompts[row].item())
        share = np.stack([layer.share[:, row].cpu().numpy() for layer in layers])
        return Moments(
            per_neuron(reached.astype(np.int64), grid.neurons),
            of_layers(means, row, pooling),
            of_layers(m2s, row, pooling),
            of_layers(means, row, magnitude_pooling(pooling)),
            constants.write_norm,
            constants.eps,
            Routing(in_group, share / max(in_group, 1)),
        )

    return {
        (pooling, draw, group): moments(pooling, draw * count + group)
        for pooling in poolings
        for draw in range(len(groups))
        for group in range(count)
    }
