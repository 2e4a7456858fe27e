# What each model job asks for, from the size of its model (safeneuron.experiment.work); the rest runs
# where snakemake was typed.
from safeneuron.experiment.work import JobWork

WORK = JobWork(CONFIG, CATALOG)


def model_job(work, model=lambda wildcards: wildcards.model):
    """The resources of a rule whose jobs run a model."""
    cluster = CONFIG.cluster

    def asked(name):
        def value(wildcards, attempt):
            request = WORK.request(work(wildcards), model(wildcards), attempt)
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
