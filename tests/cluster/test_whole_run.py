"""The smallest experiment through Slurm, undisturbed and with every fault at once."""

import threading
import time
from collections import defaultdict

import pytest

from cluster.conftest import SMALLEST
from cluster.slurm import until
from workflow.checkout import Checkout

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The same experiment on this machine, without a cluster."""
    checkout = Checkout.made(tmp_path_factory.mktemp("local"), SMALLEST)
    oversleep(checkout)  # the same code, and so the same provenance
    (checkout.folder / "overslept").touch()
    checkout.snakemake("--cores", "2")
    return checkout


def test_a_run_with_every_fault_ends_with_the_files_of_a_local_run(checkout, cluster, local):
    """A node dies, a job is cancelled, one exceeds its memory and one its time."""
    oversleep(checkout)
    before = {job["JobId"] for job in cluster.jobs()}
    run = checkout.start("--set-resources", "capture:mem_mb=attempt*350", "attack:runtime=attempt")
    printed = []
    reader = threading.Thread(target=lambda: printed.extend(run.stdout))
    reader.start()
    try:
        victim = running(cluster, run, "rule_pretrain_organism")
        cluster.kill_node(victim["node"])
        time.sleep(15)  # longer than SlurmdTimeout: the controller gives the node up
        cluster.start_node(victim["node"])
        cancelled = running(cluster, run, "rule_tune_organism")
        cluster.run("scancel", cancelled["id"])
        assert run.wait(timeout=1800) == 0, "".join(printed)[-6000:]
    finally:
        run.kill()
        reader.join()
    attempts = defaultdict(list)
    for job in sorted(cluster.jobs(), key=lambda job: int(job["JobId"])):
        rule = job["Comment"].split("_wildcards")[0].removeprefix("rule_")
        if job["JobId"] not in before:
            attempts[rule].append(job)
    assert any(job["Restarts"] != "0" for job in attempts["pretrain_organism"])
    assert "CANCELLED" in {job["JobState"] for job in attempts["tune_organism"]}
    assert "TIMEOUT" in {job["JobState"] for job in attempts["attack"]}
    # a job over its memory is a failed one here: accounting by polling kills it, not the kernel
    failed = {job["MinMemoryNode"] for job in attempts["capture"] if job["JobState"] == "FAILED"}
    done = {job["MinMemoryNode"] for job in attempts["capture"] if job["JobState"] == "COMPLETED"}
    assert "350M" in failed
    assert done <= {"700M", "1050M"}
    local.assert_same_results(checkout)


def running(cluster, run, comment):
    """The first running job of a rule."""
    found = []

    def look():
        if run.poll() is not None:
            pytest.fail("the run ended before the job was seen")
        found.extend(
            job
            for job in cluster.queue()
            if job["comment"].startswith(comment) and job["state"] == "RUNNING"
        )
        return found

    until(look, 300)
    time.sleep(3)
    return found[0]


def oversleep(checkout):
    """Let the first attack of the checkout sleep for longer than its first time limit."""
    script = checkout.folder / "workflow_scripts/attack.py"
    nap = (
        "import os, time\n"
        "try:\n"
        "    os.close(os.open('overslept', os.O_CREAT | os.O_EXCL))\n"
        "except FileExistsError:\n"
        "    pass\n"
        "else:\n"
        "    time.sleep(240)\n"
    )
    source = script.read_text()
    docstring = source.index('"""', 3) + 4
    script.write_text(source[:docstring] + nap + source[docstring:])
