"""What a run says: its failures and missed gates at its end, in between no more than is needed."""

import json
import re

import pytest

from workflow.checkout import Checkout

pytestmark = pytest.mark.workflow

# in the place of a stage: twenty lines of log, then a failure
BROKEN = """\
import sys
for number in range(20):
    print(f"line {number}")
sys.exit("the reason")
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout whose pre-training fails for every seed."""
    checkout = Checkout.made(tmp_path_factory.mktemp("failing"), "config/test/smallest.yaml")
    (checkout.folder / "workflow_scripts" / "pretrain_organism.py").write_text(BROKEN)
    return checkout


@pytest.fixture(scope="module")
def output(checkout):
    """What a run said that went on after the failures and tried each job twice."""
    returncode, output = checkout.run(
        *("--cores", "2", "--keep-going", "--retries", "1"),
        settings={"seeds": [0, 1]},
        CUDA_VISIBLE_DEVICES="",
    )
    assert returncode == 1
    return output


def test_every_failed_job_has_one_block_at_the_end(output):
    blocks = output.split("\nFAILED ")[1:]
    assert len(blocks) == 2
    for block in blocks:
        assert block.startswith("pretrain_organism\n")
        seed = re.search(r"^  seed: (\d)$", block, re.M)[1]
        assert "  model: tiny\n" in block
        assert f"  log: results/smallest/logs/pretrain_organism/tiny/s{seed}.log\n" in block
        shown = re.findall(r"^    \| (.*)$", block, re.M)
        assert shown == [*(f"line {number}" for number in range(9, 20)), "the reason"]
    # the jobs that did not depend on them are done, and nothing was tried after the blocks
    assert re.search(r"^2 failed, [1-9]\d* of \d+ jobs done$", blocks[-1], re.M)
    assert len(output[output.index("\nFAILED ") :].splitlines()) < 60


def test_a_failure_is_said_at_once_and_not_how_each_job_comes_and_goes(output):
    said, _, _ = output.partition("\nFAILED ")
    assert said.count("failed: pretrain_organism, log results/smallest/logs/pretrain") == 4
    assert "rule pretrain_organism:" not in said
    assert "RuleException" not in output and "--settings" not in output  # no command lines


def test_the_log_of_snakemake_has_all_of_it(checkout, output):
    (log,) = (checkout.folder / ".snakemake/log").glob("*.log")
    text = log.read_text()
    assert "rule pretrain_organism:" in text and "reason: Missing output files" in text
    assert text.count("\nFAILED pretrain_organism\n") == 2


def test_a_machine_without_gpus_is_said_once(output):
    assert output.count("No GPU on this machine: all stages run on the CPU.") == 1


def test_a_dry_run_has_its_reasons_and_no_hooks(checkout):
    _, output = checkout.run("-n")
    assert "reason: Missing output files: results/smallest/models/tiny/pretrained/s0/" in output
    assert "No GPU" not in output
    plan = output[output.index("What the jobs that run a model ask for") :].splitlines()
    assert {line.split()[0]: int(line.split()[1]) for line in plan[2:11]} == {
        "pretrain_organism": 1,
        "tune_organism": 1,
        "validate_organism": 3,
        "capture": 11,
        "capture_nulls": 1,
        "probe_neurons": 1,
        "align": 2,
        "attack": 22,
        "all": 42,
    }


@pytest.mark.parametrize(
    ("gpus", "arguments", "promised"),
    [("", (), False), ("0", (), True), ("", ("--profile", "slurm"), True)],
    ids=["no GPU here", "a GPU here", "a cluster"],
)
def test_a_plan_has_gpu_hours_only_where_there_are_gpus(checkout, gpus, arguments, promised):
    settings = {"compute": {"gpu": {"from_parameters": 1}}}
    _, output = checkout.run("-n", *arguments, settings=settings, CUDA_VISIBLE_DEVICES=gpus)
    plan = output[output.index("What the jobs that run a model ask for") :]
    assert ("GPU-hours" in plan.partition("None asks for a GPU")[0]) == promised
    assert ("None asks for a GPU: all stages run on the CPU." in plan) != promised


def test_without_a_kl_term_a_table_takes_the_place_of_each_rounds_reference(checkout):
    jobs = checkout.would_run(
        {"align": {"training": {"kl_weight": 0}}, "run": {"arms": ["freeze_ablate", "dpo"]}}
    )
    assert (jobs["align"], jobs["reference_log_probs"]) == (4, 3)  # T0 is both arms'
    overrides = {2: {"kl_weight": 0}}
    jobs = checkout.would_run({"align": {"overrides": overrides}})
    assert (jobs["align"], jobs["reference_log_probs"]) == (2, 1)


def test_states_that_missed_their_gate_are_named_at_the_end_of_a_run(checkout):
    models = checkout.folder / "results/gates/models/tiny"
    states = {
        "base/T0/s0": "missed",
        "freeze_ablate/T1/s0": "passed",
        "freeze_ablate/T2/s0": "missed",
    }
    for state, gate in states.items():
        validation = models / state / "validation.json"
        validation.parent.mkdir(parents=True)
        validation.write_text(json.dumps({"gate": gate}))
    said = checkout.snakemake(
        *("--cores", "1", "results/gates/prompts/organism.parquet"),
        settings={"experiment": "gates"},
    )
    _, _, end = said.partition("2 of 3 model states missed their validation gate:\n")
    assert end.splitlines()[:2] == ["  tiny/base/T0/s0", "  tiny/freeze_ablate/T2/s0"]
    assert "freeze_ablate/T1" not in said
    assert "1 of 1 jobs done" in said


def test_the_workstation_profile_counts_the_visible_gpus(checkout):
    _, output = checkout.run(
        *("-n", "--profile", "profiles/workstation", "--set-resources", "pretrain_organism:gpu=5"),
        CUDA_VISIBLE_DEVICES="0,1,2",
    )
    assert re.findall(r"gpu=(\d)", output.partition("rule pretrain_organism:")[2])[0] == "3"
