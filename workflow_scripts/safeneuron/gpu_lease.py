"""GPUs shared by the jobs of one machine: a lease is a set of locks, one a GPU.

A lock is a name that one socket on a Linux machine can have (`man 7 unix`, abstract sockets). It
belongs to the process that took it and to the command that it becomes, so it ends with the job
however the job ends, and nothing lies in any folder. Python's standard library only: this runs
before every job of a model.
"""

import errno
import hashlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable

from safeneuron.errors import SafeNeuronError

_RETRY_SECONDS = 0.5
_GATE_SECONDS = 0.02


class GPUError(SafeNeuronError):
    """A job wants more GPUs than there are; says how many of each."""


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, by what CUDA_VISIBLE_DEVICES calls them.

    These are that variable's entries if it is set (indices or UUIDs, up to the first that is
    neither, as CUDA reads it), else the machine's: indices, and UUIDs of MIG instances.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return [name for name, _ in _machine_gpus()]
    gpus: list[str] = []
    for entry in map(str.strip, chosen.split(",")):
        if not re.fullmatch(r"\d+|(GPU|MIG)-.+", entry):
            break
        gpus.append(entry)
    return gpus


def lease(count: int, report: Callable[[str], object], report_seconds: float = 60.0) -> list[str]:
    """Wait until `count` GPUs are free and take them, all at once, until this process ends.

    The locks outlive `exec` and are inherited by it. On a machine without any GPU nothing is taken.

    Args:
        report: told every `report_seconds` that too few are free.

    Returns:
        The GPUs taken, by what CUDA_VISIBLE_DEVICES calls them.

    Raises:
        GPUError: the machine has GPUs, but fewer than `count`.
    """
    slots = _slots(visible_gpus()) if count else {}
    if not slots:
        return []
    if count > len(slots):
        raise GPUError(
            f"the job needs {count} GPUs, but only {len(slots)} can be used here: "
            f"{', '.join(slots)} (nvidia-smi -L, CUDA_VISIBLE_DEVICES)"
        )
    started = reported = time.monotonic()
    while not (taken := _take(count, slots)):
        time.sleep(_RETRY_SECONDS)
        now = time.monotonic()
        if now - reported >= report_seconds:
            reported = now
            report(f"waiting since {now - started:.0f} s for {count} of {len(slots)} GPUs")
    return taken


def _take(count: int, slots: dict[str, str]) -> list[str]:
    """Lock `count` GPUs or none. One process at a time tries, so two never hold half each."""
    while (gate := _lock("gate")) is None:
        time.sleep(_GATE_SECONDS)
    held: dict[str, socket.socket] = {}
    with gate:
        for gpu, slot in slots.items():
            if len(held) < count and (lock := _lock(slot)):
                held[gpu] = lock
        if len(held) < count:
            for lock in held.values():
                lock.close()
            return []
        for lock in held.values():
            os.set_inheritable(lock.detach(), True)
        return list(held)


def _lock(slot: str) -> socket.socket | None:
    """Take a name for this process; None if another has it."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(_name(slot))
    except OSError as error:
        lock.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return lock


def _name(slot: str) -> str:
    """The name of a lock, of a machine for all users, or of a Slurm job: its GPUs count from 0."""
    job = os.environ.get("SLURM_JOB_ID")
    group = os.environ.get("SAFENEURON_GPU_LOCKS", job or "")
    # of a name's 107 bytes a group may be longer than all
    return f"\0safeneuron-gpus-{hashlib.sha256(group.encode()).hexdigest()[:32]}-{slot}"


def _slots(gpus: list[str]) -> dict[str, str]:
    """GPU -> name of its lock: the machine's own name for it, also if given by its UUID."""
    machine = [] if all(map(str.isdecimal, gpus)) else _machine_gpus()
    slots: dict[str, str] = {}
    for gpu in gpus:
        names = [name for name, uuid in machine if uuid.startswith(gpu)]
        slots[gpu] = names[0] if names else gpu
    return slots


def _machine_gpus() -> list[tuple[str, str]]:
    """Name and UUID of every GPU of the machine."""
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    return parse_listing(listing.stdout)


def parse_listing(listing: str) -> list[tuple[str, str]]:
    """Name and UUID of every GPU in what `nvidia-smi -L` prints.

    The name is the index; of a MIG instance, which has none, the UUID. A GPU that is cut into
    instances cannot be used as a whole and is left out.
    """
    gpus: list[tuple[str, str]] = []
    for line in listing.splitlines():
        if gpu := re.match(r"GPU (\d+):.*\(UUID: (GPU-[^)]+)\)", line):
            gpus.append((gpu[1], gpu[2]))
        elif instance := re.match(r"\s+MIG .*\(UUID: (MIG-[^)]+)\)", line):
            if gpus and gpus[-1][0].isdecimal():
                gpus.pop()
            gpus.append((instance[1], instance[1]))
    return gpus
