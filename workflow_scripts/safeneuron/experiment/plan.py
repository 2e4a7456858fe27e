"""What a run will ask for in all, stage by stage: shown before anything is spent."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from safeneuron.experiment.requests import TIME_MARGIN


class PlannedJob(NamedTuple):
    """A job that runs a model: its stage, GPUs, host memory (MB), minutes and disk (MB)."""

    stage: str
    gpu: int
    mem_mb: int
    runtime: int
    disk_mb: int


def plan(jobs: Iterable[PlannedJob]) -> str:
    """A table: a line a stage and one for all. Hours and gigabytes are what is asked for, so upper
    bounds: requests of time have a margin. Without a job on a GPU it is of CPUs only."""
    stages: dict[str, list[PlannedJob]] = {}
    for job in jobs:
        stages.setdefault(job.stage, []).append(job)
    everything = [job for group in stages.values() for job in group]
    on_gpus = any(job.gpu for job in everything)
    of_largest = "GPUs and memory" if on_gpus else "memory"
    columns = ("GPUs", "GB", "GPU-hours", "CPU-hours") if on_gpus else ("GB", "CPU-hours")
    widths = {"GPUs": 5, "GB": 6, "GPU-hours": 10, "CPU-hours": 10}
    header = " ".join(f"{name:>{widths[name]}s}" for name in columns)
    lines = [
        f"What the jobs that run a model ask for ({of_largest}: of the largest job; hours leave "
        f"a margin of {TIME_MARGIN}):",
        f"{'stage':20s} {'jobs':>6s} {header} {'disk GB':>8s}",
        *(_line(stage, group, on_gpus) for stage, group in stages.items()),
        _line("all", everything, on_gpus),
    ]
    if not on_gpus:
        lines.append("None asks for a GPU: all stages run on the CPU.")
    return "\n".join(lines)


def _line(name: str, jobs: Sequence[PlannedJob], on_gpus: bool) -> str:
    gpus = f" {max(job.gpu for job in jobs):5d}" if on_gpus else ""
    gpu_hours = f" {sum(job.gpu * job.runtime for job in jobs) / 60:10,.1f}" if on_gpus else ""
    cpu_hours = sum(job.runtime for job in jobs if not job.gpu) / 60
    return (
        f"{name:20s} {len(jobs):6d}{gpus} {max(job.mem_mb for job in jobs) / 1000:6.1f}{gpu_hours} "
        f"{cpu_hours:10,.1f} {sum(job.disk_mb for job in jobs) / 1000:8,.1f}"
    )
