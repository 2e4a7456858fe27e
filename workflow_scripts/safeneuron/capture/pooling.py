"""How one prompt's tokens become one number a neuron.

The paper does not state its pooling (`max` is the likeliest). Padding never counts.
"""

from collections.abc import Sequence

import torch

POOLINGS = ("max", "last", "mean", "maxabs", "lastabs", "meanabs")


def pool(activations: torch.Tensor, mask: torch.Tensor, poolings: Sequence[str]) -> torch.Tensor:
    """Pool over the non-padding tokens, in all ways from one copy of the activations.

    Args:
        activations: [prompts, tokens, neurons].
        mask: [prompts, tokens], 1 on real tokens, at least one a prompt.
        poolings: some of `POOLINGS`; those that end in `abs` pool the magnitude.

    Returns:
        float32 [prompts, poolings, neurons].
    """
    positions = torch.arange(mask.shape[1], device=mask.device)
    rows = torch.arange(len(mask), device=mask.device)
    last = activations[rows, (positions * mask).argmax(dim=1)].float()
    # padding repeats the last token: it is no new maximum, and its weight in a mean is 0
    values = torch.where(mask.bool()[:, :, None], activations, last.to(activations)[:, None])
    values = values.float()
    weights = (mask / mask.sum(dim=1, keepdim=True)).float()[:, None]

    def pooled(pooling: str) -> torch.Tensor:
        match pooling:
            case "max":
                return values.amax(dim=1)
            case "last":
                return last
            case "mean":
                return torch.bmm(weights, values)[:, 0]
            case "maxabs":
                return torch.maximum(values.amax(dim=1), -values.amin(dim=1))
            case "lastabs":
                return last.abs()
            case "meanabs":
                return torch.bmm(weights, values.abs())[:, 0]
        raise ValueError(f"pooling '{pooling}'; one of {POOLINGS}")

    return torch.stack([pooled(pooling) for pooling in poolings], dim=1)
