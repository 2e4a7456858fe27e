"""What weight decay does to weights by itself, so that it is not taken for training.

It is decoupled (AdamW; Loshchilov & Hutter, 2019): each step multiplies a weight by 1 - share.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch


def decay_shares(history: Sequence[Mapping[str, Any]], decay: float) -> list[float]:
    """The share of a weight that weight decay took in each step: learning rate times decay.

    Args:
        history: the trainer's log.
        decay: its `weight_decay`.
    """
    return [entry["learning_rate"] * decay for entry in history if "loss" in entry]


def beyond_decay(then: torch.Tensor, now: torch.Tensor, shares: Sequence[float]) -> torch.Tensor:
    """Which elements ended where weight decay alone does not bring them.

    What has ended between the start and the product of all steps, up to float32's rounding of each
    step, may have decayed alone.

    Args:
        then, now: of one shape and dtype.
        shares: taken of a weight in each step.
    """
    steps = sum(share > 0 for share in shares)
    rounding = (steps + 1) * torch.finfo(torch.float32).eps if steps else 0.0
    kept = math.prod(1 - share for share in shares) * (1 - rounding)
    decayed = (then.float() * kept).to(then.dtype)
    return ~((now >= torch.minimum(then, decayed)) & (now <= torch.maximum(then, decayed)))
