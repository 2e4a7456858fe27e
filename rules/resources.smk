# What each model job asks for, from the size of its model (safeneuron.experiment.work); the rest runs
# where snakemake was typed.
from functools import cache

from safeneuron.experiment.work import JobWork
from safeneuron.gpu_lease import visible_gpus

WORK = JobWork(CONFIG, CATALOG)


@cache
def has_gpus():
    """Whether jobs find GPUs: not where they run on this machine and it has none. A cluster has some."""
    settings = workflow.execution_settings
    # a dry run is local itself, but has the threads that Snakemake gives every executor of a cluster
    cluster = workflow.remote_exec or not workflow.local_exec
    cluster = cluster or (settings is not None and settings.use_threads)
    return cluster or bool(visible_gpus())


def model_job(work, model=lambda wildcards: wildcards.model):
    """The resources of a rule whose jobs run a model."""
    cluster = CONFIG.cluster

    def asked(name):
        def value(wildcards, attempt):
            request = WORK.request(
                work(wildcards), model(wildcards), attempt, has_gpus()
            )
            return getattr(request, name)

        return value

    def named(cpu_name, gpu_name):
        def value(wildcards, attempt):
            on_gpu = asked("gpu")(wildcards, attempt)
            return gpu_name if on_gpu else cpu_name

        return value

    return {
        "gpu": asked("gpu"),
        "mem_mb": asked("mem_mb"),
        "runtime": asked("runtime"),
        "disk_mb": asked("disk_mb"),
        "slurm_account": cluster.account,
        "qos": cluster.qos,
        "slurm_partition": named(cluster.partition, cluster.gpu_partition),
        "constraint": named(cluster.constraint, cluster.gpu_constraint),
        "gpu_model": named(None, cluster.gpu_model),
    }
