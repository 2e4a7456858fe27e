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
    bounds: requests of time have a margin."""
    stages: dict[str, list[PlannedJob]] = {}
    for job in jobs:
        stages.setdefault(job.stage, []).append(job)
    everything = [job for group in stages.values() for job in group]
    header = (
        f"{'stage':20s} {'jobs':>6s} {'GPUs':>5s} {'GB':>6s} {'GPU-hours':>10s} {'CPU-hours':>10s}"
    )
    lines = [
        f"What the jobs that run a model ask for (GPUs and memory: of the largest job; hours leave "
        f"a margin of {TIME_MARGIN}):",
        f"{header} {'disk GB':>8s}",
        *(_line(stage, group) for stage, group in stages.items()),
        _line("all", everything),
    ]
    return "\n".join(lines)


def _line(name: str, jobs: Sequence[PlannedJob]) -> str:
    gpu_hours = sum(job.gpu * job.runtime for job in jobs) / 60
    cpu_hours = sum(job.runtime for job in jobs if not job.gpu) / 60
    return (
        f"{name:20s} {len(jobs):6d} {max(job.gpu for job in jobs):5d} "
        f"{max(job.mem_mb for job in jobs) / 1000:6.1f} {gpu_hours:10,.1f} {cpu_hours:10,.1f} "
        f"{sum(job.disk_mb for job in jobs) / 1000:8,.1f}"
    )
