"""Moments of a stream of rows, on the device, in float64."""

import numpy as np
import torch

from safeneuron.neurons.moments import Moments


class StreamingMoments:
    """Count, mean and M2 of rows that arrive in batches (Chan's merge of each batch).

    Memory is two float64 vectors, whatever the number of rows. The batch's own moments are computed
    about its first row, so a large common offset cancels before squaring. Whatever the batch sizes
    and their order, M2 is exact to a relative O(eps * kappa) with kappa = sqrt(1 + mean^2 /
    variance), as in `safeneuron.neurons.moments.merge`.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = torch.zeros(())
        self._m2 = torch.zeros(())

    def add(self, rows: torch.Tensor) -> None:
        """Add a batch, [rows, neurons]."""
        rows = rows.double()
        count = len(rows)
        offset = rows[0]
        centred = rows - offset
        centred_mean = centred.mean(dim=0)
        m2 = (centred - centred_mean).square().sum(dim=0)
        delta = offset + centred_mean - self._mean
        total = self.count + count
        self._m2 = self._m2 + m2 + delta.square() * (self.count * count / total)
        self._mean = self._mean + delta * (count / total)
        self.count = total

    def mean(self) -> torch.Tensor:
        """Mean of all rows so far, float64 [neurons]."""
        return self._mean

    def m2(self) -> torch.Tensor:
        """Sum of squared deviations from the mean, float64 [neurons]."""
        return self._m2


def stack_layers(
    layers: list[StreamingMoments],
    magnitudes: list[StreamingMoments],
    write_norm: np.ndarray,
    eps: float,
) -> Moments:
    """Moments of a model from those of its layers and of their magnitudes, see `Moments`."""
    return Moments(
        layers[0].count,
        torch.stack([m.mean().cpu() for m in layers]).numpy(),
        torch.stack([m.m2().cpu() for m in layers]).numpy(),
        torch.stack([m.mean().cpu() for m in magnitudes]).numpy(),
        write_norm,
        eps,
    )
