"""What a run of many jobs says of itself: how far its stages are, and how its jobs failed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safeneuron.progress import duration

LAST_LINES = 12


class StageProgress:
    """Jobs done of every stage, and the time left as the finished jobs of this run foretell it.

    A stage's jobs that are left take the mean of its finished ones, and as many run at once as have
    so far on average. Stages without a finished job are counted, not guessed.
    """

    def __init__(
        self, jobs: Mapping[str, int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`jobs` is stage -> number of jobs that the run has; `clock` counts seconds."""
        self._jobs = dict(jobs)
        self._clock = clock
        self._begun = clock()
        self._done: dict[str, int] = {}  # in the order in which the stages began
        self._seconds: dict[str, float] = {}
        self._running: dict[int, tuple[str, float]] = {}

    def started(self, job: int, stage: str) -> None:
        """A job, known by its number, runs from now on; jobs of other stages do not count."""
        if stage in self._jobs:
            self._running[job] = (stage, self._clock())
            self._done.setdefault(stage, 0)
            self._seconds.setdefault(stage, 0.0)

    def finished(self, job: int) -> None:
        """A job is done."""
        if job in self._running:
            stage, begun = self._running.pop(job)
            self._done[stage] += 1
            self._seconds[stage] += self._clock() - begun

    def failed(self, job: int) -> None:
        """A job is not done and does not run; it may start again."""
        self._running.pop(job, None)

    @property
    def done(self) -> str:
        """How many of all jobs are done."""
        return f"{sum(self._done.values())} of {sum(self._jobs.values())} jobs done"

    def __str__(self) -> str:
        """One line: all jobs, the stages that have begun and not ended, the time left."""
        parts = [self.done]
        for stage, done in self._done.items():
            if done < self._jobs[stage]:
                parts.append(f"{stage} {done}/{self._jobs[stage]}")
        if self._done != self._jobs:
            parts.append(self._time_left())
        return " | ".join(parts)

    def _time_left(self) -> str:
        now = self._clock()
        running = [(stage, now - begun) for stage, begun in self._running.values()]
        work, unknown = 0.0, 0
        for stage, number in self._jobs.items():
            if not self._done.get(stage):
                unknown += 1
                continue
            mean = self._seconds[stage] / self._done[stage]
            work += mean * (number - self._done[stage])
            work -= sum(min(mean, seconds) for other, seconds in running if other == stage)
        busy = sum(self._seconds.values()) + sum(seconds for _, seconds in running)
        at_once = max(1.0, busy / max(now - self._begun, 1e-9))
        left = f"{duration(work / at_once)} left"
        if unknown and work <= 0:
            return f"time left unknown: {unknown} stages without a finished job"
        if unknown:
            return f"at least {left}, not counting {unknown} stages without a finished job"
        return f"about {left}"


@dataclass(frozen=True)
class Failure:
    """A job that failed.

    Attributes:
        stage, wildcards: which job.
        cluster_job: its id on the cluster, if it ran on one.
        message: what the executor says of it.
        logs: the job's log files.
    """

    stage: str
    wildcards: Mapping[str, str]
    cluster_job: str | None
    message: str | None
    logs: Sequence[str]

    def __str__(self) -> str:
        """The job, and the last lines of each of its logs."""
        lines = [f"FAILED {self.stage}"]
        lines += [f"  {name}: {value}" for name, value in self.wildcards.items()]
        if self.cluster_job:
            lines.append(f"  cluster job: {self.cluster_job}")
        if self.message:
            lines.append(f"  {self.message}")
        for log in self.logs:
            lines.append(f"  log: {log}")
            lines += [f"    | {line}" for line in last_lines(Path(log))]
        return "\n".join(lines)


def last_lines(log: Path) -> list[str]:
    """The last lines of a log; one that says so if there are none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ["(no such file: the job did not begin)"]
    return text.rstrip().splitlines()[-LAST_LINES:] or ["(empty)"]
