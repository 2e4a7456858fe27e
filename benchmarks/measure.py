"""Takes turns and measures.

Machines are shared, and their speed drifts: what is compared takes turns, every other turn in
reverse, and seconds are the processor's, of all threads and of every process that was started, not
the clock's.
"""

import multiprocessing
import os
import re
import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

TURNS = 5

Work = Callable[[], object]
"""Something to measure; what it returns is thrown away."""


class Spread(NamedTuple):
    """The median of some turns, the least and the most of them."""

    median: float
    low: float
    high: float


def cpu_seconds(work: Work) -> float:
    """Seconds of the processor, user and system, of this process and those that it waited for."""
    before = _processor_time()
    work()
    return _processor_time() - before


def peak_memory(work: Work) -> float:
    """The most memory in MiB that a process held which does this, what it inherits included.

    The process is a fork of this one, which must have one thread.
    """
    fork = multiprocessing.get_context("fork")
    answer, told = fork.Pipe(duplex=False)
    process = fork.Process(target=_work_and_tell, args=(work, told))
    process.start()
    told.close()
    try:
        peak = answer.recv()
    except EOFError:
        raise RuntimeError("what was to be measured has failed; its message is above") from None
    process.join()
    return peak


def in_turns(
    works: Mapping[str, Work], turns: int = TURNS, measure: Callable[[Work], float] = cpu_seconds
) -> dict[str, list[float]]:
    """Name -> what each turn measured, after one turn that is not counted.

    The order is turned round in every other turn.
    """
    for work in works.values():
        work()
    measured: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns):
        for name in list(works)[:: -1 if turn % 2 else 1]:
            measured[name].append(measure(works[name]))
    return measured


def spread(values: Sequence[float]) -> Spread:
    """Of the turns of one work."""
    return Spread(median(values), min(values), max(values))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Of two works, turn by turn."""
    return spread([n / d for n, d in zip(numerators, denominators, strict=True)])


def run(command: Sequence[str], folder: Path, **environment: str) -> str:
    """What a process writes to its standard output.

    Raises:
        RuntimeError: it failed; with what it wrote to standard error.
    """
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def _processor_time() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _work_and_tell(work: Work, told: "multiprocessing.connection.Connection") -> None:
    work()
    # ru_maxrss would be the parent's where it once held more
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    told.send(int(peak.group(1)) / 1024)
