"""What jobs ask of this machine and of a cluster, against hand-computed memory and time."""

from types import SimpleNamespace

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment.requests import Work
from safeneuron.experiment.resources import JobResources
from safeneuron.experiment.work import JobWork

LARGE = {"kind": "hub", "id": "someone/large", "revision": "0" * 40, "parameters": 8_000_000_000}
CONFIG = {
    "models": {"organism": {"kind": "organism"}, "large": LARGE},
    "run": {"models": ["organism"], "attacked": ["organism"], "aligned": []},
    "compute": {
        "cpu_threads": 2,
        "gpu": {"from_parameters": 50_000_000, "memory_gb": 80, "tflops": 200},
    },
}
NAMES = {
    "account": "lab", "qos": "long", "partition": "cpus", "constraint": "avx512",
    "gpu_partition": "gpus", "gpu_constraint": "nvlink", "gpu_model": "h100",
}  # fmt: skip
# five minutes at 200 TFLOPS, and 3,000,000 seconds on two threads
WORK = Work(bytes=100e9, checkpoints=10e9, flops=6e16, written=2_500_000)
ON_GPUS = {"gpu": 2, "mem_mb": 13_500, "runtime": 20, "disk_mb": 3}
ON_CPU = {"gpu": 0, "mem_mb": 121_500, "runtime": 150_005, "disk_mb": 3}
OF_GPUS = {"slurm_partition": "gpus", "constraint": "nvlink", "gpu_model": "h100"}
OF_CPUS = {"slurm_partition": "cpus", "constraint": "avx512", "gpu_model": None}


def execution(remote_exec=False, local_exec=True, use_threads=False):
    """What `workflow` says of a run on this machine, but for what is named."""
    settings = SimpleNamespace(use_threads=use_threads)
    return SimpleNamespace(
        remote_exec=remote_exec, local_exec=local_exec, execution_settings=settings
    )


def asked(workflow, model="large", attempt=1, cluster=NAMES):
    """Resource -> its value, as Snakemake asks a rule's resources for them."""
    config = load_config({**CONFIG, "cluster": cluster})
    resources = JobResources(config, JobWork(config, {}), workflow).of_rule(lambda _: WORK)
    job = {"wildcards": SimpleNamespace(model=model), "attempt": attempt}
    return {name: value(**job) for name, value in resources.items()}


@pytest.mark.parametrize(("gpus", "expected"), [("", ON_CPU | OF_CPUS), ("0", ON_GPUS | OF_GPUS)])
def test_on_this_machine_a_job_asks_for_the_gpus_that_it_has(monkeypatch, gpus, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    assert asked(execution()) == {**expected, "slurm_account": "lab", "qos": "long"}


@pytest.mark.parametrize(
    "changed", [{"local_exec": False}, {"remote_exec": True}, {"use_threads": True}]
)
def test_a_cluster_has_gpus_whatever_this_machine_has(monkeypatch, changed):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    on_cluster = asked(execution(**changed))
    assert on_cluster == {**ON_GPUS, **OF_GPUS, "slurm_account": "lab", "qos": "long"}


def test_a_small_model_goes_where_a_cluster_has_no_gpus():
    found = asked(execution(local_exec=False), model="organism")
    assert found == {**ON_CPU, **OF_CPUS, "slurm_account": "lab", "qos": "long"}


def test_names_that_a_site_does_not_give_are_left_to_its_cluster():
    found = asked(execution(local_exec=False), cluster={"gpu_partition": "gpus"})
    assert found == {
        **ON_GPUS, "slurm_partition": "gpus",
        "slurm_account": None, "qos": None, "constraint": None, "gpu_model": None,
    }  # fmt: skip


def test_another_attempt_asks_for_more_memory_and_time():
    found = asked(execution(local_exec=False), attempt=2)
    assert [found[name] for name in ON_GPUS] == [2, 27_000, 40, 3]


def test_where_jobs_run_is_asked_when_a_job_asks_since_rules_are_read_before_it_is_known(
    monkeypatch,
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    config, workflow = load_config(CONFIG), execution()
    workflow.execution_settings = None
    resources = JobResources(config, JobWork(config, {}), workflow)
    workflow.execution_settings = SimpleNamespace(use_threads=True)
    assert resources.asked(WORK, "large", 1).gpu == 2


def test_without_settings_as_where_rules_are_only_listed_jobs_are_of_this_machine(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    workflow = execution()
    workflow.execution_settings = None
    assert asked(workflow)["gpu"] == 0


def test_a_job_may_run_another_model_than_the_one_it_is_about():
    config = load_config(CONFIG)
    resources = JobResources(config, JobWork(config, {}), execution(local_exec=False))
    gpu = resources.of_rule(lambda _: WORK, lambda wildcards: wildcards.judge)["gpu"]
    assert gpu(SimpleNamespace(model="organism", judge="large"), 1) == 2
