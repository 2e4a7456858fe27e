"""What `snakemake --profile slurm` asks a real Slurm for. A part of the DAG: under two minutes."""

import os
import signal
import time

import pytest

from cluster.slurm import until

TARGET = "results/smallest/moments/tiny/base/T0/s0/overall.safetensors"
STAGES = {"pretrain_organism", "tune_organism", "capture"}

pytestmark = pytest.mark.cluster


def test_each_model_job_asks_for_what_its_model_needs(checkout, cluster):
    planned = checkout.requests(TARGET)
    checkout.dispatch(TARGET)
    submitted = {job["Comment"]: job for job in cluster.jobs()}
    assert submitted.keys() == planned.keys()
    assert {comment.split("_wildcards")[0].removeprefix("rule_") for comment in planned} == STAGES
    for comment, job in submitted.items():
        asked = planned[comment]
        assert job["JobState"] == "COMPLETED"
        assert job["Partition"] == "gpu"
        assert job["TresPerJob"] == f"gres:gpu:{asked['gpu']}"
        assert megabytes(job["MinMemoryNode"]) == int(asked["mem_mb"])
        assert minutes(job["TimeLimit"]) == int(asked["runtime"])
    assert {asked["gpu"] for asked in planned.values()} == {"1", "2"}
    # a light stage queued nothing, and was done
    assert (checkout.folder / "results/smallest/prompts/organism.parquet").is_file()


def test_a_model_below_the_limit_asks_for_no_gpu(checkout, cluster):
    before = {job["JobId"] for job in cluster.jobs()}
    (checkout.folder / "site.yaml").write_text("cluster: {partition: cpu, gpu_partition: gpu}\n")
    target = "results/smallest/models/tiny/pretrained/s0/checkpoint.json"
    checkout.dispatch(target)
    (job,) = (job for job in cluster.jobs() if job["JobId"] not in before)
    assert "TresPerJob" not in job
    assert job["Partition"] == "cpu"


def test_control_c_cancels_what_was_queued(checkout, cluster):
    # what runs in the background ignores it, and so would its children
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    run = checkout.start(TARGET)
    signal.signal(signal.SIGINT, ignored)
    until(lambda: any(job["state"] == "RUNNING" for job in cluster.queue()), 120)
    time.sleep(2)
    os.kill(run.pid, signal.SIGINT)
    assert run.wait(timeout=60) != 0
    until(lambda: cluster.queue() == [], 30)
    assert not (
        checkout.folder / "results/smallest/models/tiny/pretrained/s0/checkpoint.json"
    ).exists()


def megabytes(text: str) -> int:
    """Slurm's '1700M' or '2G'."""
    return int(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def minutes(text: str) -> int:
    """Slurm's '[days-]hours:minutes:seconds'."""
    days, _, clock = text.rpartition("-")
    hours, minute, _ = map(int, clock.split(":"))
    return (int(days or 0) * 24 + hours) * 60 + minute
