"""Follows a run by the events of Snakemake's logger.

Snakemake tells every handler of its logger what happens, as `logging` records with the attribute
`event` and the fields that its interface for logger plugins documents. This is such a handler, put
there by `rules/running.smk`, and no plugin. Plugins are looked for among installed packages, before
a profile or the Snakefile is read; this workflow runs from a clone that is not installed
(CONTRIBUTING.md), and a profile whose `logger:` is not found stops every command. A profile can
register one by an import of its own (tried with 9.27), but just because the choices of `--logger`
happen to be read after it: with another order no command would work, where now at worst the
terminal shows more.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from safeneuron.experiment.plan import PlannedJob, plan
from safeneuron.running.failure import Failure
from safeneuron.running.stage_progress import StageProgress

SECONDS_BETWEEN_LINES = 30


class FailedJob(NamedTuple):
    """A job that failed to the last retry: number, stage, wildcards and log files."""

    number: int
    stage: str
    wildcards: Mapping[str, str]
    logs: Sequence[str]


class RunLog(logging.Handler):
    """Counts what has started, finished and failed, says so now and then, and plans a dry run.

    A run is summarised by one `run_info` before its first job. A dry run has a second one after its
    last: then the plan is printed.
    """

    def __init__(
        self,
        log: logging.Logger,
        targets: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`targets` are rules that only name files; lines go to `log`; `clock` counts seconds."""
        super().__init__()
        self._log, self._targets, self._clock = log, targets, clock
        self._progress = StageProgress({}, clock)
        self._is_summarised = False
        self._said = clock()
        self._planned: list[PlannedJob] = []
        self._errors: dict[int, dict[str, Any]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """One event of Snakemake's."""
        fields = vars(record)
        match fields.get("event"):
            case "run_info":
                self._summarised(fields["stats"])
            case "job_info":
                self._started(fields)
            case "job_finished":
                self._finished(fields["job_id"])
            case "job_error":
                self._failed(fields)

    @property
    def done(self) -> str:
        """How many of all jobs are done."""
        return self._progress.done

    def say_failures(self, jobs: Iterable[FailedJob]) -> None:
        """Log one block a job, and how many there are."""
        jobs = sorted(jobs, key=lambda job: job.number)
        for job in jobs:
            error = self._errors.get(job.number, {})
            failure = Failure(
                job.stage,
                job.wildcards,
                cluster_job=error.get("aux", {}).get("external_jobid"),
                message=error.get("rule_msg"),
                logs=error.get("log", job.logs),
            )
            self._log.error(f"\n{failure}")
        self._log.error(f"\n{len(jobs)} failed, {self.done}")

    def _summarised(self, jobs: Mapping[str, int]) -> None:
        if not self._is_summarised:
            stages = {s: n for s, n in jobs.items() if s != "total" and s not in self._targets}
            self._progress = StageProgress(stages, self._clock)
        elif self._planned:
            print(f"\n{plan(self._planned)}\n")
        self._is_summarised = True

    def _started(self, fields: Mapping[str, Any]) -> None:
        self._progress.started(fields["jobid"], fields["rule_name"])
        asked = dict(fields["resources"].items())
        if "gpu" in asked:
            request = (asked[name] for name in PlannedJob._fields[1:])
            self._planned.append(PlannedJob(fields["rule_name"], *request))

    def _finished(self, number: int) -> None:
        self._progress.finished(number)
        if self._clock() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = self._clock()
            self._log.info(f"{time.strftime('%H:%M:%S')} {self._progress}")

    def _failed(self, fields: dict[str, Any]) -> None:
        self._progress.failed(fields["jobid"])
        self._errors[fields["jobid"]] = fields
        self._log.error(f"failed: {fields['rule_name']}, log {', '.join(fields['log'])}")


def is_worth_reading(record: logging.LogRecord) -> bool:
    """Whether a record is more than the coming and going of jobs.

    These are counted, and a job's failure is said in one line, without its command. A text that
    another version of Snakemake words otherwise is shown.
    """
    text = record.getMessage()
    match vars(record).get("event"):
        case "job_info" | "job_started" | "job_finished" | "job_error" | "progress":
            return False
        case "error":
            return "CalledProcessError" not in text
    return text != "Select jobs to execute..."


def quieten_terminal(log: logging.Logger) -> None:
    """Leave the terminal to what is worth reading; files keep all of it."""
    for handler in log.handlers:
        is_file = isinstance(handler, logging.FileHandler)
        if isinstance(handler, logging.StreamHandler) and not is_file:
            handler.addFilter(is_worth_reading)
