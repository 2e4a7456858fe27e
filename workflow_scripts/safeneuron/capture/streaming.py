"""Moments of a stream of rows, on the device, in float64; and of a model from its layers'."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from safeneuron.models.site import NeuronSite
from safeneuron.models.sites import grid_of
from safeneuron.neurons.moments import Moments


class StreamingMoments:
    """Count, mean and M2 of rows that arrive in batches (Chan's merge of each batch).

    Memory is two float64 tensors of a row's shape, whatever the number of rows. The batch's own
    moments are computed about its first row, so a large common offset cancels before squaring.
    Whatever the batch sizes and their order, M2 is exact to a relative O(eps * kappa) with
    kappa = sqrt(1 + mean^2 / variance), as in `safeneuron.neurons.moments.merge`.

    Attributes:
        count: number of rows so far.
        mean: of all rows so far, float64, of a row's shape.
        m2: sum of squared deviations from the mean, float64, of a row's shape.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = torch.zeros(())
        self.m2 = torch.zeros(())

    def add(self, rows: torch.Tensor) -> None:
        """Add a batch, [rows, ...]."""
        rows = rows.double()
        count = len(rows)
        offset = rows[0]
        centred = rows - offset
        centred_mean = centred.mean(dim=0)
        m2 = (centred - centred_mean).square().sum(dim=0)
        delta = offset + centred_mean - self.mean
        total = self.count + count
        self.m2 = self.m2 + m2 + delta.square() * (self.count * count / total)
        self.mean = self.mean + delta * (count / total)
        self.count = total


class GroupedMoments:
    """Count, mean and M2 of groups of rows that arrive in batches; a row may be in several groups.

    Memory is two float64 vectors a group, whatever the number of rows. A batch's own moments are
    computed about the mean of its rows, so that a large common offset cancels before squaring, and
    merged as in `StreamingMoments`. Leading dimensions, if any, are streams side by side.

    Attributes:
        count: number of rows of each group so far, float64 [..., groups, 1].
        mean: of them, float64 [..., groups, columns].
        m2: sum of squared deviations from the mean, float64 [..., groups, columns].
    """

    def __init__(self) -> None:
        self.count = torch.zeros(())
        self.mean = torch.zeros(())
        self.m2 = torch.zeros(())

    def add(self, rows: torch.Tensor, members: torch.Tensor) -> None:
        """Add a batch.

        Args:
            rows: [..., rows, columns].
            members: float64 [..., groups, rows], 1 where a row is in a group, 0 elsewhere; a row
                that is in none counts for nothing.
        """
        rows, counted = rows.double(), members.amax(dim=-2)[..., None]
        count = members.sum(dim=-1, keepdim=True)
        offset = (rows * counted).sum(dim=-2, keepdim=True)
        offset = offset / counted.sum(dim=-2, keepdim=True).clamp(min=1)
        centred = rows - offset
        mean = members @ centred / count.clamp(min=1)
        m2 = (members @ centred.square() - count * mean.square()).clamp(min=0)
        delta = offset + mean - self.mean
        total = self.count + count
        share = count / total.clamp(min=1)  # 0 where the batch has none of a group
        self.m2 = self.m2 + m2 + delta.square() * (self.count * share)
        self.mean = self.mean + delta * share
        self.count = total


@dataclass(frozen=True)
class Constants:
    """What moments know of a model that no prompt changes, see `Moments`.

    Attributes:
        write_norm: float64 [layers, neurons]; NaN of neurons that a layer lacks.
        eps: of the precision of the activations.
    """

    write_norm: np.ndarray
    eps: float


def constants_of(sites: Sequence[NeuronSite]) -> Constants:
    """The constants of a model, from its sites in the order of the layers."""
    grid = grid_of(sites)
    return Constants(
        np.stack([grid.placed(site.write_norm) for site in sites]),
        torch.finfo(sites[0].dtype).eps,
    )


def stack_layers(
    count: int,
    means: Iterable[torch.Tensor],
    m2s: Iterable[torch.Tensor],
    magnitudes: Iterable[torch.Tensor],
    constants: Constants,
) -> Moments:
    """Moments of a model from those of its layers, on the CPU.

    Args:
        count: number of prompts.
        means, m2s: of each layer, float64 [neurons].
        magnitudes: means of the magnitudes pooled alike, of each layer, float64 [neurons].
        constants: of the model.
    """
    neurons = constants.write_norm.shape[1]

    def placed(layer: torch.Tensor) -> torch.Tensor:
        """With 0 for what the layer lacks."""
        return torch.nn.functional.pad(layer.cpu(), (0, neurons - len(layer)))

    mean, m2, magnitude = (
        torch.stack([placed(layer) for layer in layers]).numpy()
        for layers in (means, m2s, magnitudes)
    )
    return Moments(count, mean, m2, magnitude, constants.write_norm, constants.eps)
