"""The command line of stages, as a process of its own sees it."""

import json
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from safeneuron.artifacts.provenance import read_provenance
from stages import SCRIPTS

SCRIPT = '''
"""Adds the numbers of its files."""
import os, subprocess, sys, time
from pathlib import Path
from safeneuron.command import stage
from safeneuron.errors import SafeNeuronError
from safeneuron.settings import Section

class Settings(Section):
    factor: int
    then: str = "write"

if __name__ == "__main__":
    with stage(
        __doc__, Settings, inputs=("first",), many=("others",), many_outputs=("copies",)
    ) as args:
        if args.settings.then == "fail":
            raise SafeNeuronError("the numbers are odd; give even ones")
        if args.settings.then == "wait":
            Path(args.out).with_name("waiting").touch()
            time.sleep(60)
        if args.settings.then == "again" and "AGAIN" not in os.environ:
            command = [sys.executable, *sys.argv]
            subprocess.run(command, env=os.environ | {"AGAIN": "1"}, check=True)
        numbers = [int(path.read_text()) for path in (args.first, *args.others)]
        for path in (args.out, *args.copies):
            path.write_text(str(args.settings.factor * sum(numbers)))
'''


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A stage's command line without its settings, in a folder with files of 1, 2 and 3."""
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    (tmp_path / "add.py").write_text(textwrap.dedent(SCRIPT))
    for number in (1, 2, 3):
        (tmp_path / f"{number}.txt").write_text(str(number))
    others = [str(tmp_path / f"{number}.txt") for number in (2, 3)]
    files = ["--first", str(tmp_path / "1.txt"), "--out", str(tmp_path / "sum.txt"), "--copies"]
    return [sys.executable, str(tmp_path / "add.py"), *files, "--code", "abc", "--others", *others]


def run(command, settings):
    """Run a stage with its settings on standard input."""
    return subprocess.run(
        [*command, "--settings", "-"], input=json.dumps(settings), capture_output=True, text=True
    )


def test_settings_come_from_standard_input_or_a_file(command, tmp_path):
    assert run(command, {"factor": 2}).returncode == 0
    assert (tmp_path / "sum.txt").read_text() == "12"
    given = tmp_path / "settings.json"
    given.write_text('{"factor": 3}')
    subprocess.run([*command, "--settings", str(given)], check=True, capture_output=True)
    assert (tmp_path / "sum.txt").read_text() == "18"


def test_a_process_that_a_stage_starts_reads_the_same_standard_input(command, tmp_path):
    done = run(command, {"factor": 2, "then": "again"})
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("add begins") == 2
    assert (tmp_path / "sum.txt").read_text() == "12"


def test_files_of_a_list_may_be_named_in_a_file(command, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join([str(tmp_path / "3.txt")] * 20_000) + "\n")
    long = [*command[: command.index("--others") + 1], f"@{names}"]
    assert run(long, {"factor": 1}).returncode == 0
    assert (tmp_path / "sum.txt").read_text() == str(1 + 3 * 20_000)


def test_an_empty_list_in_a_file_is_no_file_at_all(command, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n")
    empty = [*command[: command.index("--others") + 1], f"@{names}"]
    assert run(empty, {"factor": 1}).returncode == 0
    assert (tmp_path / "sum.txt").read_text() == "1"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "factor: Field required"),
        ({"factor": "two"}, "factor: Input should be a valid integer"),
        ({"factor": 1, "facto": 2}, "unknown key 'facto', did you mean 'factor'?"),
    ],
)
def test_wrong_settings_name_the_key_and_what_the_stage_takes(command, tmp_path, settings, message):
    done = run(command, settings)
    assert done.returncode != 0
    assert message in done.stderr and "factor, then" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "sum.txt").exists()


def test_no_settings_are_an_error_that_asks_for_them(command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--settings" in done.stderr


def test_an_error_that_a_user_can_mend_is_said_without_a_traceback(command, tmp_path):
    done = run(command, {"factor": 1, "then": "fail"})
    assert done.returncode == 1
    assert "the numbers are odd; give even ones" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "sum.txt.provenance.json").exists()


def test_a_stopped_stage_says_so(command, tmp_path):
    process = subprocess.Popen(
        [*command, "--settings", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdin.write('{"factor": 1, "then": "wait"}')
    process.stdin.close()
    for _ in range(300):
        if (tmp_path / "waiting").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    assert "stopped by SIGTERM before the stage was done" in process.stderr.read()


def test_provenance_lies_beside_the_result_and_not_in_it(command, tmp_path):
    done = run(command, {"factor": 2})
    assert "add begins" in done.stderr and f"wrote {tmp_path / 'sum.txt'} in" in done.stderr
    document = read_provenance(tmp_path / "sum.txt")
    assert document["code"] == "abc"
    assert document["settings"] == {"factor": 2, "then": "write"}
    assert set(document["inputs"]) == {"first", "others"}
    assert {"peft", "datasets", "torch"} <= set(document["libraries"])


def test_every_file_of_a_list_that_is_written_has_its_provenance(command, tmp_path):
    copies = [tmp_path / f"copy-{number}.txt" for number in range(4)]
    at = command.index("--copies") + 1
    done = run([*command[:at], *map(str, copies), *command[at:]], {"factor": 2})
    assert f"wrote {tmp_path / 'sum.txt'} and 4 others in" in done.stderr
    documents = [read_provenance(path) for path in (tmp_path / "sum.txt", *copies)]
    assert [document["code"] for document in documents] == ["abc"] * 5
