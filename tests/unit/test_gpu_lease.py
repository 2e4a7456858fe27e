"""Jobs that share a machine's GPUs, as processes; the GPUs are a list in CUDA_VISIBLE_DEVICES."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import safeneuron
from safeneuron import gpu_lease
from safeneuron.gpu_lease import GPUError, lease, parse_listing, visible_gpus

SCRIPT = Path(safeneuron.__file__).parent.parent / "on_gpus.py"
# notes its GPUs while it runs, one file a GPU; finding the file of another job is an overlap
JOB = """
import os, sys, time
from pathlib import Path
notes = [Path(sys.argv[1]) / gpu for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(",")]
for note in notes:
    note.touch(exist_ok=False)
time.sleep(0.2)
for note in notes:
    note.unlink()
print(len(notes))
"""
LISTING = """\
GPU 0: NVIDIA H200 (UUID: GPU-aa11)
GPU 1: NVIDIA H200 (UUID: GPU-bb22)
  MIG 3g.71gb     Device  0: (UUID: MIG-c1)
  MIG 3g.71gb     Device  1: (UUID: MIG-c2)
GPU 2: NVIDIA H200 (UUID: GPU-dd33)
"""


@pytest.fixture
def start(tmp_path):
    """Starts a command on GPUs of its own; all that run at the end of the test are killed."""
    started = []

    def start(count, *command, gpus="0,1,2,3", **variables):
        environment = {
            **os.environ,
            "CUDA_VISIBLE_DEVICES": gpus,
            "SAFENEURON_GPU_LOCKS": str(tmp_path / "locks"),
            **variables,
        }
        environment = {name: text for name, text in environment.items() if text is not None}
        process = subprocess.Popen(
            [sys.executable, SCRIPT, str(count), "--", *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """This process on a machine of four GPUs."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    monkeypatch.setenv("SAFENEURON_GPU_LOCKS", str(tmp_path / "locks"))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """An `nvidia-smi` that lists the GPUs of LISTING."""
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTING}END\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SAFENEURON_GPU_LOCKS", str(tmp_path / "locks"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def hold(start, count, **options):
    """A job that has its GPUs, prints them and keeps them."""
    code = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); time.sleep(600)"
    process = start(count, sys.executable, "-c", code, **options)
    return process, process.stdout.readline().strip()


def show(start, count, **options):
    """The CUDA_VISIBLE_DEVICES that a job gets."""
    return finish(start(count, "printenv", "CUDA_VISIBLE_DEVICES", **options))


def test_sixteen_jobs_on_four_gpus_never_share_one(start, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    counts = [1 + number % 2 for number in range(16)]
    jobs = [start(count, sys.executable, "-c", JOB, str(notes)) for count in counts]
    assert [int(finish(job)) for job in jobs] == counts


def test_jobs_that_fit_run_at_the_same_time_on_gpus_of_their_own(start):
    held = [hold(start, count)[1] for count in (1, 2, 1)]
    assert held == ["0", "1,2", "3"]


def test_a_killed_job_frees_its_gpus(start):
    job, held = hold(start, 4)
    assert held == "0,1,2,3"
    waiting = start(2, "printenv", "CUDA_VISIBLE_DEVICES")
    time.sleep(1)
    assert waiting.poll() is None
    job.send_signal(signal.SIGKILL)
    assert finish(waiting) == "0,1"


def test_a_waiting_job_holds_no_gpu_that_another_could_use(start):
    hold(start, 3)
    start(2, "true")
    time.sleep(1)
    assert show(start, 1) == "3"


def test_more_gpus_than_the_machine_has_is_an_error(start):
    job = start(3, "true", gpus="0,1")
    _, error = job.communicate(timeout=60)
    assert job.returncode == 1
    assert "the job needs 3 GPUs, but only 2 can be used here: 0, 1" in error


def test_no_gpus_wanted_means_none_visible_and_none_locked(start):
    code = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); time.sleep(600)"
    none = start(0, sys.executable, "-c", code)
    assert none.stdout.readline() == "\n"
    assert show(start, 4) == "0,1,2,3"


def test_a_machine_without_gpus_runs_the_job_on_the_cpu_and_says_so(start):
    job = start(2, "printenv", "CUDA_VISIBLE_DEVICES", gpus="")
    out, error = job.communicate(timeout=60)
    assert (out, job.returncode) == ("\n", 0)
    assert "no GPU on this machine: on the CPU" in error


def test_the_commands_exit_status_is_the_jobs(start):
    job = start(1, "sh", "-c", "exit 7")
    job.communicate(timeout=60)
    assert job.returncode == 7


def test_a_job_that_waits_says_so_from_time_to_time(machine, start):
    hold(start, 4)
    said = []

    def report(message):
        said.append(message)
        if len(said) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        lease(2, report, report_seconds=0.01)
    assert said[0].startswith("waiting since ") and said[0].endswith(" s for 2 of 4 GPUs")


def test_too_many_gpus_are_refused_before_any_lock(machine, start):
    with pytest.raises(GPUError, match="needs 5 GPUs, but only 4"):
        lease(5, print)
    assert show(start, 4) == "0,1,2,3"


@pytest.mark.parametrize(
    ("variable", "gpus"),
    [
        ("2,5", ["2", "5"]),
        ("GPU-aa11, MIG-c1", ["GPU-aa11", "MIG-c1"]),
        ("1,-1,2", ["1"]),
        ("", []),
        ("NoDevFiles", []),
    ],
)
def test_visible_gpus_are_read_as_cuda_reads_them(monkeypatch, variable, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert visible_gpus() == gpus


def test_the_machines_gpus_are_those_that_nvidia_smi_lists(listed):
    assert visible_gpus() == ["0", "MIG-c1", "MIG-c2", "2"]
    assert parse_listing(LISTING)[3] == ("2", "GPU-dd33")


def test_a_machine_without_nvidia_smi_has_no_gpus(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []


def test_a_gpu_is_one_lock_by_index_and_by_uuid(listed, start):
    _, held = hold(start, 1, gpus="GPU-dd33")
    assert held == "GPU-dd33"
    assert show(start, 1, gpus="2,0") == "0"


def test_another_slurm_jobs_gpus_of_the_same_number_are_other_gpus(start):
    ids = (f"{os.getpid()}{end}" for end in (1, 2, 1))
    first, other, again = ({"SLURM_JOB_ID": job, "SAFENEURON_GPU_LOCKS": None} for job in ids)
    assert hold(start, 1, gpus="0,1", **first)[1] == "0"
    assert hold(start, 1, gpus="0,1", **other)[1] == "0"
    assert hold(start, 1, gpus="0,1", **again)[1] == "1"


def test_a_slurm_job_leaves_nothing_in_the_temporary_folder(start, tmp_path):
    job = f"{os.getpid()}3"
    assert show(start, 1, SLURM_JOB_ID=job, SAFENEURON_GPU_LOCKS=None, TMPDIR=str(tmp_path)) == "0"
    assert not [*Path("/tmp").glob(f"safeneuron*{job}*"), *tmp_path.iterdir()]


def test_a_lock_that_cannot_be_made_is_an_error_and_not_waited_for(machine, monkeypatch):
    monkeypatch.setattr(gpu_lease, "_name", lambda slot: "/nonexistent/folder/lock")
    with pytest.raises(FileNotFoundError):
        lease(1, print)
