"""A job that failed, as the block that a run ends with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAST_LINES = 12


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
