"""What a run survives: killed stages, a full disk, damaged files, two runs in one folder."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow.checkout import Checkout

SMALLEST = "config/test/smallest.yaml"
RESULTS = "results/smallest"
STAGES = ("pretrain_organism", "tune_organism", "capture", "align", "attack", "judge", "overlap")

pytestmark = pytest.mark.workflow

namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0,
    reason="no mount of its own is permitted here",
)


def start(checkout: Checkout) -> subprocess.Popen:
    """A run on one core in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--configfile", SMALLEST, "--cores", "1"],
        cwd=checkout.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_session(leader: subprocess.Popen) -> None:
    """SIGKILL a run with everything that it started, as a machine that loses power."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(stat.read_text().rsplit(")", 1)[1].split()[3])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if session == leader.pid:
            os.kill(int(stat.parent.name), signal.SIGKILL)
    leader.wait()


def running(checkout: Checkout, stage: str) -> bool:
    """Whether a job of the stage has begun to work and has not ended."""
    logs = (checkout.folder / RESULTS / "logs").glob(f"{stage}*")
    files = [p for log in logs for p in ([log] if log.is_file() else log.rglob("*.log"))]
    script = f"workflow_scripts/{stage}.py".encode()
    return bool(files) and any(
        _runs(script, process, checkout.folder) for process in Path("/proc").glob("[0-9]*")
    )


def _runs(script: bytes, process: Path, folder: Path) -> bool:
    """Whether a process that may have ended runs a script in a folder."""
    try:
        here = (process / "cwd").resolve() == folder.resolve()
        return here and script in (process / "cmdline").read_bytes()
    except OSError:
        return False


def test_one_core_and_a_kill_in_every_kind_of_stage_give_the_bytes_of_two_cores(smallest, tmp_path):
    checkout = Checkout.made(tmp_path, SMALLEST)
    unharmed = set(STAGES)
    while unharmed:
        run = start(checkout)
        while not (begun := {stage for stage in unharmed if running(checkout, stage)}):
            assert run.poll() is None, f"ended without {unharmed}"
            time.sleep(0.02)
        time.sleep(0.3)
        kill_session(run)
        unharmed -= begun
        checkout.snakemake("--unlock")
    checkout.snakemake("--cores", "1")
    smallest.assert_same_results(checkout)
    assert list((checkout.folder / RESULTS).rglob("training-*")) == []


@namespaces
def test_a_full_disk_leaves_nothing_partial_and_the_run_goes_on_when_there_is_room(tmp_path):
    checkout = Checkout.made(tmp_path, SMALLEST)
    (checkout.folder / "results").mkdir()
    target = f"{RESULTS}/prompts/organism.parquet"
    # the table itself does not fit, its log does
    script = (
        "mount -t tmpfs -o size=16k tmpfs results && "
        f"! {sys.executable} -m snakemake --configfile {SMALLEST} --cores 1 {target} "
        "&& find results -type f -name '*parquet*' && cat results/smallest/logs/*/*.log"
    )
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        cwd=checkout.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No space left on device" in done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("results/")] == []
    checkout.snakemake("--cores", "1", target)


@namespaces
def test_a_read_only_file_system_is_refused_by_name(tmp_path):
    checkout = Checkout.made(tmp_path, SMALLEST)
    (checkout.folder / "results").mkdir()
    script = (
        "mount -t tmpfs -o ro tmpfs results && "
        f"{sys.executable} -m snakemake --configfile {SMALLEST} --cores 1"
    )
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script],
        cwd=checkout.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "results: no permission to write in" in done.stdout + done.stderr


def test_a_second_run_in_the_folder_is_told_what_to_do(tmp_path):
    checkout = Checkout.made(tmp_path, SMALLEST)
    first = start(checkout)
    try:
        while not running(checkout, "pretrain_organism"):
            assert first.poll() is None
            time.sleep(0.1)
        returncode, output = checkout.run("--cores", "1")
        assert returncode != 0
        assert "cannot be locked" in output
        assert "--unlock" in output
    finally:
        kill_session(first)


WEIGHTS = "checkpoint/model.safetensors"
# a file, and a result that is made from it
DAMAGED = {
    f"{kind}/tiny/{state}/s0/{file}": f"{dependant}/tiny/{state}/s0/{made}"
    for state, kind, file, dependant, made in [
        ("base/T0", "moments", "overall.safetensors", "scores", "meanabs/overall.parquet"),
        ("base/T0", "scores", "meanabs/overall.parquet", "sets", "magnitude/overall.parquet"),
        (
            "base/T0",
            "responses",
            "magnitude/harmful.parquet",
            "verdicts",
            "magnitude/harmful/oracle.parquet",
        ),
        ("freeze_ablate/T1", "models", WEIGHTS, "moments", "overall.safetensors"),
    ]
}


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_file_is_named_and_made_anew(finished, damaged):
    path = finished.folder / RESULTS / damaged
    consumer = f"{RESULTS}/{DAMAGED[damaged]}"
    before = path.read_bytes()
    path.write_bytes(before[:-100])  # a lost tail; a flipped bit is a unit test's
    (finished.folder / consumer).unlink()
    returncode, output = finished.run("--cores", "1", consumer)
    assert returncode != 0
    assert re.search(rf"{re.escape(path.name)}.* moved to ", output)
    finished.snakemake("--cores", "2", consumer)
    assert path.read_bytes() == before
