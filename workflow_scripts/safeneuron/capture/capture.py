"""One forward pass over prompts; moments of every neuron under several poolings."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.capture.forward import observed_forward
from safeneuron.capture.pooling import pool
from safeneuron.capture.routed import capture_routed
from safeneuron.capture.streaming import StreamingMoments, constants_of, stack_layers
from safeneuron.models.batches import Batch
from safeneuron.models.mixture_layers import is_mixture
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.moments import Moments, magnitude_pooling, with_magnitudes


def capture_moments(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    poolings: Sequence[str],
    batch_size: int,
    pad_id: int,
    padding_side: str = "left",
) -> dict[str, Moments]:
    """Moments over prompts of each neuron's pooled activation (paper §3.1, Eq. 3 and 4).

    With them go each neuron's magnitude, its write norm, and the precision of the activations. Of a
    mixture of experts a neuron's are over the prompts that reach its expert (`capture.routed`).

    The decoder runs without its language-model head. Batch size and padding side change the result
    only by the rounding of the forward pass.

    Args:
        prompts: token ids, chat template applied.
        poolings: see `safeneuron.capture.pooling.POOLINGS`.

    Returns:
        Pooling -> moments, [layers, neurons].
    """
    sites = ffn_sites(model)
    if is_mixture(sites):
        everything = np.zeros((1, len(prompts)), dtype=np.int64)
        routed = capture_routed(
            model, prompts, everything, poolings, batch_size, pad_id, padding_side
        )
        return {pooling: routed[pooling, 0, 0] for pooling in poolings}
    pooled = with_magnitudes(poolings)
    layers = [StreamingMoments() for _ in sites]  # rows of [poolings, neurons]

    def add(layer: int, activations: torch.Tensor, mask: torch.Tensor, _: Batch) -> None:
        layers[layer].add(pool(activations, mask, pooled))

    observed_forward(model, prompts, batch_size, pad_id, padding_side, add)
    constants = constants_of(sites)
    place = {pooling: i for i, pooling in enumerate(pooled)}
    return {
        pooling: stack_layers(
            layers[0].count,
            [layer.mean[place[pooling]] for layer in layers],
            [layer.m2[place[pooling]] for layer in layers],
            [layer.mean[place[magnitude_pooling(pooling)]] for layer in layers],
            constants,
        )
        for pooling in poolings
    }
