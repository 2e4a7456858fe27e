"""The machine that jobs run on, and what a cluster calls things."""

from typing import Literal

from pydantic import Field

from safeneuron.settings import Section


class Gpu(Section):
    """The GPUs that jobs get: they decide how many a job asks for, and for how long."""

    from_parameters: int = Field(
        50_000_000,
        ge=0,
        description="Parameters from which on a model runs on GPUs; smaller models run on the CPU.",
    )
    memory_gb: float = Field(80, gt=0, description="Memory of one GPU, in gigabytes.")
    tflops: float = Field(
        200,
        gt=0,
        description="Sustained bfloat16 throughput of matrix products on one GPU, in TFLOP/s.",
    )
    gb_per_second: float = Field(
        2000, gt=0, description="Sustained memory bandwidth of one GPU, in gigabytes per second."
    )


class Compute(Section):
    """How stages use the machine."""

    cpu_threads: int = Field(
        1,
        ge=1,
        le=64,
        description="Threads of a model job on the CPU; results depend on it in their last "
        "digits, so it is a setting and not whatever is free.",
    )
    batch_size: int = Field(256, ge=1, description="Prompts per batch of capture and generation.")
    prompt_tokens: int = Field(
        128,
        ge=1,
        description="Tokens of a long prompt in its template, for the estimates of memory and "
        "time only.",
    )
    gpu: Gpu = Gpu()
    on_upgrade: Literal["warn", "rerun", "ignore"] = Field(
        "warn",
        description="What becomes of results of model stages that were made with other versions "
        "of torch, transformers, tokenizers, accelerate or trl than the installed ones: they are "
        "kept with a warning (warn), made again (rerun), or kept in silence (ignore).",
    )


class Cluster(Section):
    """Names that this site's Slurm has; null leaves each to the cluster. They rerun nothing."""

    account: str | None = Field(None, description="Account that all jobs are charged to.")
    qos: str | None = Field(None, description="Quality of service of all jobs.")
    partition: str | None = Field(None, description="Partition of jobs without a GPU.")
    constraint: str | None = Field(None, description="Node features that jobs without a GPU need.")
    gpu_partition: str | None = Field(None, description="Partition of jobs with GPUs.")
    gpu_constraint: str | None = Field(None, description="Node features that jobs with GPUs need.")
    gpu_model: str | None = Field(
        None,
        pattern=r"^[a-zA-Z0-9_.]+$",
        description="Type of GPU as Slurm names it, such as h100.",
    )
