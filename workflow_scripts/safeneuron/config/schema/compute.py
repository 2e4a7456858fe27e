"""The machine that jobs run on, and what a cluster calls things."""

from typing import Literal

from pydantic import Field

from safeneuron.settings import Section


class Gpu(Section):
    """The GPUs that jobs get: decides how many a job asks for, and for how long."""

    from_parameters: int = Field(
        50_000_000, ge=0, description="smaller models run on the CPU and ask for no GPU"
    )
    memory_gb: float = Field(80, gt=0, description="of one GPU")
    tflops: float = Field(200, gt=0, description="that it does in practice, in bfloat16")
    gb_per_second: float = Field(2000, gt=0, description="that it reads in practice")


class Compute(Section):
    """How stages use the machine."""

    cpu_threads: int = Field(
        1,
        ge=1,
        le=64,
        description="threads of a model job on the CPU; results depend on it in the last "
        "digits, so it is a setting and not whatever is free",
    )
    batch_size: int = Field(256, ge=1, description="prompts in a capture or generation batch")
    prompt_tokens: int = Field(
        128,
        ge=1,
        description="of a long prompt in its template; for the estimates of memory and time only",
    )
    gpu: Gpu = Gpu()
    on_upgrade: Literal["warn", "rerun", "ignore"] = Field(
        "warn",
        description="results of model stages made with other versions of torch, transformers, "
        "tokenizers, accelerate or trl than the installed ones: keep them and say so, make them "
        "again, or keep them",
    )


class Cluster(Section):
    """What a Slurm cluster calls things; null leaves it to the cluster. Changes rerun nothing."""

    account: str | None = Field(None, description="of all jobs")
    qos: str | None = Field(None, description="of all jobs")
    partition: str | None = Field(None, description="of jobs without a GPU")
    constraint: str | None = Field(None, description="node features of jobs without a GPU")
    gpu_partition: str | None = Field(None, description="of jobs with GPUs")
    gpu_constraint: str | None = Field(None, description="node features of jobs with GPUs")
    gpu_model: str | None = Field(
        None, pattern=r"^[a-zA-Z0-9_.]+$", description="type of GPU as Slurm names it, such as h100"
    )
