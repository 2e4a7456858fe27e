"""Training in several processes, a GPU each: replicas (DDP), or shards of one model (FSDP2).

Results do not depend on the number of processes but for float noise: a step's micro-batches are
the same, and the processes take turns at them.
"""

import logging
import os
import sys
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel
from transformers.distributed.configuration_utils import DistributedConfig

NONE, REPLICAS, SHARDS = "none", "ddp", "fsdp"
_TIMEOUT = timedelta(hours=2)  # one process writes a large checkpoint while the others wait


def start_processes(parallel: str) -> None:
    """Become a process for each visible GPU, all running this same command.

    Returns in each of them, and at once where one process is enough: for `none`, which spreads a
    model over all its GPUs by itself, and with one GPU or none.
    """
    if "RANK" not in os.environ:
        gpus = torch.cuda.device_count()
        if parallel == NONE or gpus < 2:
            return
        sys.stderr.flush()
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        os.execv(sys.executable, [*launcher, f"--nproc-per-node={gpus}", *sys.argv])
    if not distributed.is_initialized():
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=_TIMEOUT)
    if not is_first():
        logging.getLogger().setLevel(logging.WARNING)  # one log, not one a process


def end_processes() -> None:
    """Wait for the others and leave the group; does nothing in a single process."""
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Whether this process writes the results."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def placement(parallel: str) -> dict[str, Any] | None:
    """Where this process loads the model that it trains, as `load_checkpoint` takes it."""
    if count() == 1:
        return None
    if parallel == SHARDS:  # each process reads its own shard
        return {"distributed_config": DistributedConfig(fsdp_size=count())}
    return replica_placement()


def replica_placement() -> dict[str, Any]:
    """A whole model on this process' own device."""
    on_gpu = torch.cuda.is_available()
    return {"device_map": {"": torch.cuda.current_device() if on_gpu else "cpu"}}


def is_sharded(model: PreTrainedModel) -> bool:
    """Whether processes hold a shard each of a model."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


@torch.no_grad()
def gather(sharded: PreTrainedModel, whole: PreTrainedModel | None) -> None:
    """Copy a sharded model's weights into a whole one, weight by weight, in the whole one's dtype.

    All processes must call it.

    Args:
        whole: in the first process a model of the same architecture; None in the others.
    """
    for name, parameter in sharded.named_parameters():
        value = parameter.full_tensor() if isinstance(parameter, DTensor) else parameter
        if whole is not None:
            copy = whole.get_parameter(name)
            copy.copy_(value)
            copy.requires_grad_(parameter.requires_grad)


def micro_batches(accumulation: int) -> int:
    """How many of a step's micro-batches one process takes.

    Raises:
        ValueError: a step's micro-batches are not the same number for all processes.
    """
    if accumulation % count():
        raise ValueError(
            f"align.training.accumulation: {accumulation} micro-batches a step cannot be shared "
            f"out among {count()} processes (one a GPU); take a multiple of {count()}"
        )
    return accumulation // count()
