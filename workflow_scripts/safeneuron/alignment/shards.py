"""Shards of a model's weights, and checkpoints of a training: each process keeps its own.

The trainer itself saves no optimizer of a model that was sharded as it was loaded.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import distributed
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel


def shard(tensor: torch.Tensor) -> torch.Tensor:
    """What this process holds of a weight or its gradient: all of it, unless it is sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def save_shards(
    folder: Path, model: PreTrainedModel, optimizer: Optimizer, scheduler: LRScheduler
) -> None:
    """Write what trains of a model, its optimizer and its schedule; returns when all processes did.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{name}/{part}": shard(value).detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
        for part, value in {"weight": parameter, **optimizer.state[parameter]}.items()
    }
    save_file(tensors, _own(folder), {"schedule": json.dumps(scheduler.state_dict())})
    distributed.barrier()


@torch.no_grad()
def load_weights(folder: Path, model: PreTrainedModel) -> None:
    """Bring a model's trained weights back, in place."""
    with safe_open(_own(folder), "pt") as stored:
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                shard(parameter).copy_(stored.get_tensor(f"{name}/weight"))


def load_optimizer(
    folder: Path, model: PreTrainedModel, optimizer: Optimizer, scheduler: LRScheduler
) -> None:
    """Bring the optimizer's state and the schedule back, in place."""
    with safe_open(_own(folder), "pt") as stored:
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parts = [key for key in stored.keys() if key.startswith(f"{name}/")]  # noqa: SIM118
                optimizer.state[parameter] = {
                    key.rpartition("/")[2]: _like(parameter, stored.get_tensor(key))
                    for key in parts
                    if key != f"{name}/weight"
                }
        schedule = json.loads(stored.metadata()["schedule"])
    scheduler.load_state_dict(schedule)
    for group, rate in zip(optimizer.param_groups, schedule["_last_lr"], strict=True):
        group["lr"] = rate


def _own(folder: Path) -> Path:
    return folder / f"shards-{distributed.get_rank()}.safetensors"


def _like(parameter: torch.Tensor, local: torch.Tensor) -> torch.Tensor:
    """A part of the optimizer's state: sharded as its weight is, but for the count of steps."""
    if local.dim() == 0 or not isinstance(parameter, DTensor):
        return local
    return DTensor.from_local(
        local.to(parameter.device),
        parameter.device_mesh,
        parameter.placements,
        shape=parameter.shape,
        stride=parameter.stride(),
    )
