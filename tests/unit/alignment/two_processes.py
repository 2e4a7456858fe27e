"""Trains one model in two processes (gloo, on the CPU): replicas of it, or shards."""

import os
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_model
from transformers import PreTrainedModel

from safeneuron.alignment import processes
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.models.checkpoint import load_folder, save_checkpoint
from unit.alignment.rounds import PAIRS, TOKENIZER, build, changed, plan_of, train

STALLED = timedelta(seconds=300)
REFERENCED = [pair | {"reference_chosen": -90.0, "reference_rejected": -91.0} for pair in PAIRS]


class Killed(BaseException):
    """What a signal does to a training."""


def train_in_two_processes(rounds: Mapping[str, Mapping[str, Any]], folder: Path) -> str:
    """Train each round; rank r saves the weights of the round called n as `folder/n-r.safetensors`.

    A round is what `train` takes, and optionally `shards: True` (the first process alone saves),
    `model` (what `build` takes), `restore: False` (frozen slices are not written back) and
    `killed_at` (the training ends at that step in both processes and is started again).

    Returns why a process stopped before its end, or nothing; processes that wait for each other
    stop too. The rounds before are saved.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        torch.multiprocessing.spawn(_train, (port, rounds, folder), nprocs=2)
    except Exception as error:
        return str(error)
    return ""


def _train(rank: int, port: int, rounds: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", timeout=STALLED)
    for name, settings in rounds.items():
        chosen = dict(settings)
        with pytest.MonkeyPatch.context() as patch:
            if not chosen.pop("restore", True):
                patch.setattr(FrozenSlices, "restore", lambda self: None)
            run = _shards if chosen.pop("shards", False) else _replicas
            run(rank, folder / name, chosen)
    processes.end_processes()


def _replicas(rank: int, path: Path, settings: dict[str, Any]) -> None:
    killed_at = settings.pop("killed_at", None)

    def trained() -> PreTrainedModel:
        return train(workdir=path, **settings).model

    save_model(_interrupted(trained, killed_at), f"{path}-{rank}.safetensors")


def _shards(rank: int, path: Path, settings: dict[str, Any]) -> None:
    whole, killed_at = build(**settings.pop("model", {})), settings.pop("killed_at", None)
    if rank == 0:
        save_checkpoint(whole, TOKENIZER, path / "start")
    torch.distributed.barrier()
    plan = settings.pop("plan")
    plan = plan_of(plan) if isinstance(plan, str) else plan
    save_every = settings.pop("save_every", 100)
    chosen = changed(**settings)

    def trained() -> PreTrainedModel:
        model, _ = load_folder(path / "start", "float32", processes.placement("fsdp"))
        assert processes.is_sharded(model)
        run = (TOKENIZER, REFERENCED, plan, chosen, 1, path / "work")
        align(model, None, *run, save_every=save_every)
        return model

    model = _interrupted(trained, killed_at)
    processes.gather(model, whole if rank == 0 else None)
    if rank == 0:
        save_model(whole, f"{path}-0.safetensors")


def _interrupted(training: Callable[[], PreTrainedModel], killed_at: int | None) -> PreTrainedModel:
    """What a training gives, which may be killed at a step and begun again: it then goes on."""
    steps, restore = [], FrozenSlices.restore

    def counted(self: FrozenSlices) -> None:
        steps.append(1)
        if len(steps) == killed_at:
            raise Killed
        restore(self)

    if killed_at is None:
        return training()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrozenSlices, "restore", counted)
        with pytest.raises(Killed):
            training()
        model = training()
    assert len(steps) < 2 * killed_at
    return model
