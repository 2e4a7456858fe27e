"""What one process holds of a model that is sharded over several."""

import torch
from torch.distributed.tensor import DTensor


def shard(tensor: torch.Tensor) -> torch.Tensor:
    """What this process holds of a weight or its gradient: all of it, unless it is sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
