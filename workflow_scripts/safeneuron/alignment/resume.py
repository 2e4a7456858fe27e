"""Checkpoints that a killed training goes on from: safetensors and JSON, no pickle.

A checkpoint holds what trains, the optimizer's state, that of torch's random generators, and what
earlier steps left beside the weights; all else is as the round began, or follows from the seed and
the step. The processes of a sharded model keep a file each, of their own part; without shards the
first process writes for all.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import distributed
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel

from safeneuron.alignment.processes import count, is_first, is_sharded
from safeneuron.alignment.shards import shard

_RANDOM = {"cpu": "random/cpu", "cuda": "random/cuda"}


def save(
    folder: Path,
    model: PreTrainedModel,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    beside: Mapping[str, torch.Tensor],
) -> None:
    """Write what trains of a model, its optimizer and its schedule; returns when all processes did.

    Args:
        beside: other tensors that training goes on from, by name.

    Raises:
        OSError: the folder cannot be written.
    """
    if is_first() or is_sharded(model):
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{name}/{part}": shard(value).detach().cpu().contiguous()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
            for part, value in {"weight": parameter, **optimizer.state[parameter]}.items()
        }
        tensors |= {f"beside/{name}": tensor for name, tensor in beside.items()}
        tensors[_RANDOM["cpu"]] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors[_RANDOM["cuda"]] = torch.cuda.get_rng_state()
        save_file(tensors, _file(folder, model), {"schedule": json.dumps(scheduler.state_dict())})
    if count() > 1:
        distributed.barrier()


@torch.no_grad()
def load_weights(folder: Path, model: PreTrainedModel, beside: Mapping[str, torch.Tensor]) -> None:
    """Bring a model's trained weights back, and what is beside them, in place."""
    with safe_open(_file(folder, model), "pt") as stored:
        for name, tensor in beside.items():
            tensor.copy_(stored.get_tensor(f"beside/{name}"))
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                shard(parameter).copy_(stored.get_tensor(f"{name}/weight"))


def load_optimizer(
    folder: Path, model: PreTrainedModel, optimizer: Optimizer, scheduler: LRScheduler
) -> None:
    """Bring the optimizer's state and the schedule back, in place."""
    with safe_open(_file(folder, model), "pt") as stored:
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


def load_random(folder: Path, model: PreTrainedModel) -> None:
    """Bring torch's random generators back to where they were."""
    with safe_open(_file(folder, model), "pt") as stored:
        torch.set_rng_state(stored.get_tensor(_RANDOM["cpu"]))
        if torch.cuda.is_available():
            torch.cuda.set_rng_state(stored.get_tensor(_RANDOM["cuda"]))


def last_complete_checkpoint(workdir: Path, steps: int) -> str | None:
    """The latest complete checkpoint of a killed training, to resume from.

    The trainer writes its state last, so a checkpoint without a readable one is incomplete. One
    after the last step is of no use: the trainer would take another step.
    """
    complete: dict[int, Path] = {}
    for state in workdir.glob("checkpoint-*/trainer_state.json"):
        try:
            complete[json.loads(state.read_text())["global_step"]] = state.parent
        except ValueError:
            continue
    usable = [step for step in complete if step < steps]
    return str(complete[max(usable)]) if usable else None


def _file(folder: Path, model: PreTrainedModel) -> Path:
    part = f"shard-{distributed.get_rank()}" if is_sharded(model) else "training"
    return folder / f"{part}.safetensors"


def _like(parameter: torch.Tensor, local: torch.Tensor) -> torch.Tensor:
    """A part of the optimizer's state: where its weight is and sharded as that, but for a count."""
    if local.dim() == 0:
        return local
    local = local.to(parameter.device)
    if not isinstance(parameter, DTensor):
        return local
    return DTensor.from_local(
        local,
        parameter.device_mesh,
        parameter.placements,
        shape=parameter.shape,
        stride=parameter.stride(),
    )
