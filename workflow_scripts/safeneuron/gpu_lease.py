"""GPUs shared by the jobs of one machine: a lease is a set of locked files, one a GPU.

A lock belongs to the process that took it and to the command that it becomes, so it ends with the
job however the job ends. Python's standard library only: this runs before every job of a model.
"""

import fcntl
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from safeneuron.errors import SafeNeuronError

_RETRY_SECONDS = 0.5


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
    folder = _lock_folder()
    started = reported = time.monotonic()
    while not (taken := _take(count, slots, folder)):
        time.sleep(_RETRY_SECONDS)
        now = time.monotonic()
        if now - reported >= report_seconds:
            reported = now
            report(f"waiting since {now - started:.0f} s for {count} of {len(slots)} GPUs")
    return taken


def _take(count: int, slots: dict[str, str], folder: Path) -> list[str]:
    """Lock `count` GPUs or none. One process at a time tries, so two never hold half each."""
    gate = _open(folder / "gate")
    held: dict[str, int] = {}
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for gpu, slot in slots.items():
            lock = _open(folder / slot)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            held[gpu] = lock
            if len(held) == count:
                break
        if len(held) < count:
            for lock in held.values():
                os.close(lock)
            return []
        for lock in held.values():
            os.set_inheritable(lock, True)
        return list(held)
    finally:
        os.close(gate)


def _lock_folder() -> Path:
    """Where the locks lie, for all users: one folder a machine, or a Slurm job, as its GPUs count
    from 0. Not below TMPDIR, which often is a user's or a job's own."""
    job = os.environ.get("SLURM_JOB_ID")
    default = f"/tmp/safeneuron-gpus-{job}" if job else "/tmp/safeneuron-gpus"
    folder = Path(os.environ.get("SAFENEURON_GPU_LOCKS", default))
    mask = os.umask(0)
    try:
        folder.mkdir(mode=0o1777, parents=True, exist_ok=True)
    finally:
        os.umask(mask)
    return folder


def _open(path: Path) -> int:
    """Open a lock file, whoever made it: to lock it, it is enough to be able to read it."""
    while True:
        try:
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            try:
                return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                continue  # another process was faster


def _slots(gpus: list[str]) -> dict[str, str]:
    """GPU -> name of its lock file: the machine's own name for it, also if given by its UUID."""
    machine = [] if all(map(str.isdecimal, gpus)) else _machine_gpus()
    slots: dict[str, str] = {}
    for gpu in gpus:
        names = [name for name, uuid in machine if uuid.startswith(gpu)]
        slots[gpu] = (names[0] if names else gpu).replace("/", "_")
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
