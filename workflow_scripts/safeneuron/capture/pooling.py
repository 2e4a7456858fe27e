"""How one prompt's tokens become one number a neuron.

The paper does not state its pooling (`max` is the likeliest). Padding never counts.
"""

import torch

POOLINGS = ("max", "last", "mean", "maxabs", "lastabs", "meanabs")


def pool(activations: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool over the non-padding tokens.

    Args:
        activations: [prompts, tokens, neurons].
        mask: [prompts, tokens], 1 on real tokens, at least one a prompt.
        pooling: one of `POOLINGS`; those that end in `abs` pool the magnitude.

    Returns:
        float32 [prompts, neurons].
    """
    values = activations.float()
    if pooling.endswith("abs"):
        values = values.abs()
    kind = pooling.removesuffix("abs")
    real = mask.bool()
    if kind == "max":
        return values.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1)
    if kind == "last":
        positions = torch.arange(mask.shape[1], device=mask.device)
        last = (positions * mask).argmax(dim=1)
        return values[torch.arange(len(values), device=mask.device), last]
    if kind == "mean":
        values = values.masked_fill(~real[:, :, None], 0.0)
        weights = mask / mask.sum(dim=1, keepdim=True)
        return torch.bmm(weights[:, None].float(), values)[:, 0]
    raise ValueError(f"pooling '{pooling}'; one of {POOLINGS}")
