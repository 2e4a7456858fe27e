"""What a job that runs a model asks of a machine or a cluster, by Snakemake's names for it."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import requests
from safeneuron.experiment.requests import Machine, Work
from safeneuron.experiment.work import JobWork
from safeneuron.gpu_lease import visible_gpus


class Execution(Protocol):
    """How jobs are executed: what a `workflow` says of it, its settings once the rules are read."""

    remote_exec: bool
    local_exec: bool
    execution_settings: Any


class Asked(NamedTuple):
    """GPUs, megabytes, minutes, megabytes of disk, and a cluster's names; None is its default."""

    gpu: int
    mem_mb: int
    runtime: int
    disk_mb: int
    slurm_account: str | None
    qos: str | None
    slurm_partition: str | None
    constraint: str | None
    gpu_model: str | None


class JobResources:
    """The resources of the jobs that run a model; all others run where snakemake was typed."""

    def __init__(self, config: Config, work: JobWork, execution: Execution) -> None:
        """`work` has the sizes of the models."""
        self._config, self._work, self._execution = config, work, execution

    def of_rule(
        self,
        work: Callable[[Any], Work],
        model: Callable[[Any], str] = lambda wildcards: wildcards.model,
    ) -> dict[str, Callable[[Any, int], int | str | None]]:
        """A rule's resources.

        Args:
            work, model: what the job of some wildcards does, and the model that it runs.
        """

        def resource(name: str) -> Callable[[Any, int], int | str | None]:
            def value(wildcards: Any, attempt: int) -> int | str | None:
                return self.asked(work(wildcards), model(wildcards), attempt)._asdict()[name]

            return value

        return {name: resource(name) for name in Asked._fields}

    def asked(self, work: Work, model: str, attempt: int) -> Asked:
        """What one job asks for."""
        cluster = self._config.cluster
        request = requests.request(work, self._work.size_of(model), self._machine, attempt)
        on_cpu = (cluster.partition, cluster.constraint, None)
        on_gpu = (cluster.gpu_partition, cluster.gpu_constraint, cluster.gpu_model)
        return Asked(
            *(request.gpu, request.mem_mb, request.runtime, request.disk_mb),
            *(cluster.account, cluster.qos),
            *(on_gpu if request.gpu else on_cpu),
        )

    @cached_property
    def _machine(self) -> Machine:
        """Where jobs run. On this machine if there is no cluster, which has GPUs."""
        compute, execution = self._config.compute, self._execution
        settings = execution.execution_settings
        # a dry run is local itself, but has the threads that Snakemake gives a cluster's executors
        on_cluster = (
            execution.remote_exec
            or not execution.local_exec
            or (settings is not None and settings.use_threads)
        )
        return Machine(
            threads=compute.cpu_threads,
            gpu_from=compute.gpu.from_parameters,
            gpu_memory_gb=compute.gpu.memory_gb,
            gpu_tflops=compute.gpu.tflops,
            gpu_gb_per_second=compute.gpu.gb_per_second,
            has_gpus=on_cluster or bool(visible_gpus()),
        )
