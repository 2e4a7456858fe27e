"""Trains one model in two processes that exchange gradients (gloo, on the CPU)."""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_model

from unit.alignment.rounds import train

STALLED = timedelta(seconds=60)


def train_in_two_processes(rounds: Mapping[str, Mapping[str, Any]], folder: Path) -> str:
    """Train each round; rank r saves the weights of the round called n as `folder/n-r.safetensors`.

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
        trained = train(workdir=folder / name, **settings)
        save_model(trained.model, folder / f"{name}-{rank}.safetensors")
    torch.distributed.destroy_process_group()
