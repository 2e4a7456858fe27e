"""How far the stages of a run are, and the time left."""

import time
from collections.abc import Callable, Mapping

from safeneuron.progress import duration


class StageProgress:
    """Jobs done of every stage, and the time left, estimated from this run's finished jobs.

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
