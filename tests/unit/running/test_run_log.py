"""A run as its log records tell it: records with an event and its fields, no Snakemake."""

import io
import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from safeneuron.running.run_log import FailedJob, RunLog, is_worth_reading, quieten_terminal


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


class Run:
    """A logger with a run log on it, and what its terminal shows."""

    def __init__(self):
        self.clock = Clock()
        self.log = logging.Logger("a run")
        self.terminal = io.StringIO()
        self.log.addHandler(logging.StreamHandler(self.terminal))
        self.run_log = RunLog(self.log, ("all",), self.clock)
        self.log.addHandler(self.run_log)

    def event(self, event, text="", level=logging.INFO, **fields):
        self.log.log(level, text, extra={"event": event, **fields})

    def begins(self, **stages):
        self.event(LogEvent.RUN_INFO, stats={**stages, "all": 1, "total": sum(stages.values()) + 1})

    def starts(self, number, stage, **resources):
        self.event(LogEvent.JOB_INFO, jobid=number, rule_name=stage, resources=resources)

    def finishes(self, number):
        self.event(LogEvent.JOB_FINISHED, job_id=number)

    def fails(self, number, stage, **fields):
        usual = {"jobid": number, "rule_name": stage, "log": [f"{stage}.log"], "aux": {}}
        self.event(LogEvent.JOB_ERROR, level=logging.ERROR, **{"rule_msg": None, **usual, **fields})

    @property
    def said(self):
        return self.terminal.getvalue()


@pytest.fixture
def run():
    return Run()


def test_progress_is_said_twice_a_minute_at_most_and_counts_no_target(run):
    run.begins(train=2, attack=3)
    for number, stage in enumerate(["train", "attack", "attack"]):
        run.starts(number, stage)
        run.clock.now += 20
        run.finishes(number)
    lines = [line for line in run.said.splitlines() if "jobs done" in line]
    assert [line.split(" ", 1)[1].split(" | ")[0] for line in lines] == ["2 of 5 jobs done"]
    assert run.run_log.done == "3 of 5 jobs done"


def test_a_failed_job_is_said_at_once_and_shown_at_the_end_with_all_its_logs(run, tmp_path):
    (tmp_path / "7.log").write_text("oom_kill\n")
    run.begins(train=2)
    run.starts(1, "train")
    logs = ["train.log", str(tmp_path / "7.log")]
    run.fails(1, "train", aux={"external_jobid": "7"}, rule_msg="OUT_OF_MEMORY", log=logs)
    assert f"failed: train, log {', '.join(logs)}\n" in run.said
    run.run_log.say_failures([FailedJob(1, "train", {"seed": "0"}, ["train.log"])])
    assert run.said.endswith(
        "\nFAILED train\n  seed: 0\n  cluster job: 7\n  OUT_OF_MEMORY\n  log: train.log\n"
        "    | (no such file: the job did not begin)\n"
        f"  log: {logs[1]}\n    | oom_kill\n\n1 failed, 0 of 2 jobs done\n"
    )


def test_a_failure_without_a_record_is_shown_too_and_jobs_are_in_their_order(run):
    run.run_log.say_failures([FailedJob(9, "b", {}, ["b.log"]), FailedJob(2, "a", {}, [])])
    assert run.said.index("FAILED a") < run.said.index("FAILED b") < run.said.index("log: b.log")


def test_only_a_dry_run_ends_with_a_plan_of_the_jobs_that_run_a_model(run, capsys):
    asked = {"gpu": 1, "mem_mb": 2000, "runtime": 30, "disk_mb": 10, "tmpdir": "/tmp"}
    run.begins(train=1, draw=1)
    run.starts(1, "train", **asked)
    run.starts(2, "draw", tmpdir="/tmp")
    assert capsys.readouterr().out == ""
    run.begins(train=1, draw=1)
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in table if line.startswith(("train", "draw", "all"))] == [
        ["train", "1"],
        ["all", "1"],
    ]


def record(event, text="", **fields):
    return logging.makeLogRecord({"event": event, "msg": text, **fields})


@pytest.mark.parametrize("event", [*LogEvent, None])
def test_the_terminal_is_spared_the_coming_and_going_of_jobs_alone(event):
    hidden = {
        LogEvent.JOB_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.JOB_ERROR,
        LogEvent.PROGRESS,
    }
    assert is_worth_reading(record(event, "something else")) == (event not in hidden)


def test_of_errors_only_the_repeated_command_line_is_hidden():
    assert not is_worth_reading(
        record(LogEvent.ERROR, "RuleException:\nCalledProcessError in file")
    )
    assert is_worth_reading(record(LogEvent.ERROR, "MissingOutputException in rule train"))
    assert not is_worth_reading(record(None, "Select jobs to execute..."))


def test_files_keep_what_the_terminal_is_spared(run, tmp_path):
    file = logging.FileHandler(tmp_path / "run.log")
    run.log.addHandler(file)
    quieten_terminal(run.log)
    run.event(LogEvent.JOB_STARTED, "a job", jobs=[1])
    run.event(None, "a line")
    file.close()
    assert run.said == "a line\n"
    assert (tmp_path / "run.log").read_text() == "a job\na line\n"
