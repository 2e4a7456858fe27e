"""What to ask a machine or a cluster for: GPUs, memory and time of each kind of model job.

Estimates are from first principles (parameters, activations, floating-point operations) with the
safety factors below; a job that turns out to need more is tried again with more.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from safeneuron.experiment.size import ModelSize

GB = 1e9
PROCESS_MB = 1500  # Python, torch and transformers, and Snakemake beside them in a cluster job
START_MINUTES = 5  # imports, loading from a slow file system, a cluster's own delays
TIME_MARGIN = 3
MEMORY_MARGIN = 1.2
CPU_FLOPS = 1e10  # of one thread, in small matrix products
PROBE_ITERATIONS = 1000  # of L-BFGS; the organism takes up to 250
POOLINGS = 6
DRAW_FLOPS = 200  # of a parameter, for a random number and its arithmetic
CONVERSION_FLOPS = 1000  # of a parameter, for unpacking is slow: 60 ns on an idle core
# TRL computes likelihoods in tiles of the logits, and without Triton some eight float32 arrays of a
# tile's size are alive at once (seven to eight were measured, docs/log.md)
TILE_TOKENS, TILE_WORDS, TILE_ARRAYS = 4096, 32_768, 8
CUDA_GB = 1.0  # the CUDA context and the libraries' workspaces


@dataclass(frozen=True)
class Machine:
    """Where jobs run.

    Attributes:
        threads: CPU threads of a model job.
        gpu_from: parameters; a smaller model runs on the CPU.
        gpu_memory_gb: of one GPU.
        gpu_tflops: matrix products that one GPU does in practice.
        gpu_gb_per_second: memory bandwidth of one GPU in practice.
        has_gpus: whether there are any; everything runs on the CPU otherwise.
    """

    threads: int
    gpu_from: int
    gpu_memory_gb: float
    gpu_tflops: float
    gpu_gb_per_second: float
    has_gpus: bool = True


@dataclass(frozen=True)
class Work:
    """What a job holds in memory at its peak and how much it computes.

    Attributes:
        bytes: weights, gradients, optimizer, caches and activations.
        checkpoints: bytes of the models that pass through host memory on their way to a GPU.
        flops: floating-point operations of matrix products.
        weight_reads: how often all weights are read, one after the other (token by token).
        weight_bytes: bytes of one reading.
        host: bytes that are kept in host memory, whether or not there is a GPU.
        written: bytes of the job's results.
        on_cpu: the job runs on no GPU, however large its model.
        processes: number of processes, a GPU each, that can share the job -> bytes that each holds
            on its GPU. Empty: one process, on as many GPUs as it needs.
    """

    bytes: float
    checkpoints: float
    flops: float
    weight_reads: float = 0
    weight_bytes: float = 0
    host: float = 0
    written: float = 0
    on_cpu: bool = False
    processes: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """GPUs, megabytes of host memory, minutes, megabytes of disk."""

    gpu: int
    mem_mb: int
    runtime: int
    disk_mb: int


def conversion(size: ModelSize, width: int) -> Work:
    """A GGUF file's conversion: all weights twice, and the largest tensor's steps in float32."""
    largest = size.hidden * max(size.vocabulary, size.intermediate)
    return Work(
        2 * size.parameters * width + 4 * largest * 4,
        0,
        CONVERSION_FLOPS * size.parameters,
        written=size.parameters * width,
        on_cpu=True,
    )


def forward(size: ModelSize, width: int, batch: int, tokens: int, sequences: int) -> Work:
    """Running prompts through the decoder, without its head (capture).

    Args:
        width: bytes of a weight and an activation.
        batch, tokens: rows and tokens of the largest batch.
        sequences: prompts in all.
    """
    layer = batch * tokens * (6 * size.hidden + 4 * size.computed) * width
    pooled = 3 * batch * tokens * size.computed * 4  # a hook's masked copies
    if size.idle:  # float64, of all experts: as it came, centred, and at work
        pooled += 3 * batch * POOLINGS * size.intermediate * 8
    weights = size.parameters * width
    flops = 2 * size.active * sequences * tokens
    moments = 16 * POOLINGS * size.layers * size.intermediate
    return Work(weights + layer + pooled, weights, flops, written=moments)


def grouped_forward(
    size: ModelSize, width: int, batch: int, tokens: int, sequences: int, groups: int
) -> Work:
    """`forward` that keeps the moments of many groups of prompts (nulls of Fig. 5).

    Args:
        groups: in all draws and poolings.
    """
    plain = forward(size, width, batch, tokens, sequences)
    moments = 16 * groups * size.layers * size.intermediate
    return replace(plain, bytes=plain.bytes + moments, host=plain.host + moments, written=moments)


def direction_search(
    size: ModelSize, width: int, batch: int, tokens: int, prompts: int, phases: int
) -> Work:
    """Refusal directions: in each phase a pass that estimates, and one to choose for each layer.

    Args:
        prompts: of both sides, that estimate; as many choose.
    """
    passes = 1 + phases * (2 + size.layers)
    plain = forward(size, width, batch, tokens, passes * prompts)
    words = 3 * prompts * size.vocabulary * 4  # log-probabilities of first tokens
    return replace(plain, bytes=plain.bytes + words, written=2 * phases * size.hidden * 8)


def attribution(
    size: ModelSize, width: int, batch: int, tokens: int, unsafe: int, safe: int, again: int = 0
) -> Work:
    """Gradients by every neuron: first tokens on both sides, and a backward pass on the unsafe one.

    Args:
        unsafe, safe: prompts of each side.
        again: prompts whose first tokens are looked at anew, after those before are let go.
    """
    # backward by activations alone
    plain = forward(size, width, batch, tokens, 3 * unsafe + safe + again)
    kept = batch * tokens * size.layers * (16 * size.hidden + 6 * size.computed) * width
    gradients = batch * tokens * size.layers * size.computed * width
    words = (2 * (unsafe + safe) + 4 * batch) * size.vocabulary * 4
    return replace(
        plain,
        bytes=plain.bytes + kept + gradients + words,
        written=8 * size.layers * size.intermediate,
    )


def answer_likelihoods(
    size: ModelSize, width: int, batch: int, tokens: int, sequences: int
) -> Work:
    """Likelihoods of preference pairs' answers, with a tile of logits at a time (reference)."""
    plain = forward(size, width, batch, tokens, sequences)
    return replace(plain, bytes=plain.bytes + _tile(size, batch * tokens), written=16 * sequences)


def _tile(size: ModelSize, rows: int) -> float:
    """Bytes of the arrays that live while a tile of the logits of so many tokens is at work."""
    elements = min(rows, TILE_TOKENS) * min(size.vocabulary, TILE_WORDS)
    return TILE_ARRAYS * elements * 4


def scoring(size: ModelSize, width: int, batch: int, tokens: int, sequences: int) -> Work:
    """Likelihoods of given texts, with the logits of all their tokens (capability)."""
    plain = forward(size, width, batch, tokens, sequences)
    logits = 2 * batch * tokens * size.vocabulary * 4
    return Work(plain.bytes + logits, plain.checkpoints, plain.flops)


def generation(
    size: ModelSize, width: int, batch: int, tokens: int, new_tokens: int, sequences: int
) -> Work:
    """Greedy responses, batch by batch (attack).

    Args:
        tokens, new_tokens: of a prompt and of its response.
    """
    prompt = forward(size, width, batch, tokens, sequences)
    length = tokens + new_tokens
    cache = batch * length * size.layers * size.cache_width * width
    logits = 2 * batch * size.vocabulary * 4
    return Work(
        prompt.bytes + cache + logits,
        prompt.checkpoints,
        2 * size.active * sequences * length,
        weight_reads=math.ceil(sequences / batch) * new_tokens,
        weight_bytes=size.parameters * width,
        written=sequences * new_tokens,  # zstd halves four bytes a token, and half end early
    )


def probe(size: ModelSize, width: int, batch: int, tokens: int, prompts: int) -> Work:
    """A forward pass that keeps every prompt's pooled activations, and a linear fit a layer."""
    captured = forward(size, width, min(batch, prompts), tokens, prompts)
    layer = prompts * size.intermediate
    fit = 3 * layer * 8  # float64: as it came, scaled, and at work
    return Work(
        captured.bytes + fit,
        captured.checkpoints,
        captured.flops + size.layers * PROBE_ITERATIONS * 4 * layer,
        weight_reads=2 * PROBE_ITERATIONS * size.layers,
        weight_bytes=layer * 8,
        host=size.layers * layer * 4,
        written=size.layers * size.intermediate,
    )


def preference_training(
    size: ModelSize, width: int, stored: int, pairs: int, tokens: int, steps: float,
    batch_pairs: int, checkpointing: bool, reference: bool = True, rank: int | None = None,
    parallel: str = "none", processes: Sequence[int] = (),
) -> Work:  # fmt: skip
    """Fine-tuning by DPO: fp32 weights, and gradients and two Adam moments of those that train.

    At its peak a step holds, besides, the reference's weights; lower-precision copies of the
    policy's; what the backward pass needs of every layer, and all of one layer; and either a tile
    of the chosen and rejected answers' logits, which are never whole, or the whole logits that the
    KL term compares on the chosen answers. Each of these terms is a line below.

    Args:
        width: bytes of an activation, as matrix products are computed: 4 in fp32, 2 in bf16.
        stored: bytes of a weight in a checkpoint.
        pairs: of a micro-batch; each is two sequences.
        tokens: of prompt and answer.
        batch_pairs: of a step, of all processes together.
        reference: whether a reference model runs beside the policy, for the KL term.
        rank: of the low-rank matrices that train in place of the weights; None if those train.
        parallel: `none`, `ddp` (each process holds all) or `fsdp` (weights, gradients and moments
            are shared out; a process gathers a layer at a time, and its head throughout).
        processes: allowed numbers of them, for `ddp` and `fsdp`.
    """
    kept = 2 * size.hidden if checkpointing else 16 * size.hidden + 6 * size.computed
    rows = 2 * pairs * tokens  # chosen and rejected in one forward pass
    layer = rows * (16 * size.hidden + 6 * size.computed) * width
    activations = rows * size.layers * kept * width + layer
    # of the chosen answers: the logits of one model, and both models' likelihoods of all words on
    # the answer's half, twice: before and after the softmax, or as values and as gradients
    divergence = 3 * pairs * tokens * size.vocabulary * 4 if reference else 0
    logits = max(_tile(size, rows), divergence)
    if rank is None:
        trained = size.parameters * 16
        backward = 4  # by the weights and by the activations
    else:
        matrices = size.layers * rank * (11 * size.hidden + 3 * size.intermediate)
        trained = size.parameters * 4 + matrices * 16
        backward = 2  # by the activations
    copies = size.parameters * width if width < 4 else 0  # of autocast
    beside = size.parameters * 4 if reference else 0
    again = 2 if checkpointing else 0
    per_token = size.active * (2 + backward + again + (2 if reference else 0))
    work = Work(
        trained + beside + copies + activations + logits,
        size.parameters * (4 + stored),
        per_token * 2 * batch_pairs * tokens * steps,
        written=size.parameters * stored,
    )
    if parallel == "none":
        return work
    if parallel == "ddp":
        return replace(
            work,
            checkpoints=work.checkpoints * max(processes),
            processes=dict.fromkeys(processes, work.bytes),
        )
    # weights and their gradients of two layers, one at work and one on its way, and of the head
    head = size.vocabulary * size.hidden
    gathered = (2 * (size.parameters - head) / size.layers + head) * (8 + width)
    each = gathered + activations + logits + (0 if checkpointing else copies)
    return replace(
        work,
        host=2 * size.parameters * stored,  # the whole model, twice, on its way to the checkpoint
        processes={n: each + trained / n if n > 1 else work.bytes for n in processes},
    )


def divisors(number: int) -> list[int]:
    """The numbers that divide a number, ascending."""
    return [n for n in range(1, number + 1) if number % n == 0]


def supervised_training(
    size: ModelSize, batch: int, tokens: int, steps: int, sequences_checked: int
) -> Work:
    """Training in fp32 by next-token loss, and the answers that its checks look at."""
    activations = batch * tokens * size.layers * (16 * size.hidden + 6 * size.computed) * 4
    logits = 4 * batch * tokens * size.vocabulary * 4
    flops = 6 * size.active * batch * tokens * steps
    flops += 2 * size.active * sequences_checked * 2 * tokens
    return Work(
        16 * size.parameters + activations + logits,
        4 * size.parameters,
        flops,
        written=4 * size.parameters,
    )


def weight_change(answering: Work, size: ModelSize, width: int, cells: int) -> Work:
    """Responses of a model whose weights are moved, cell by cell, and put back.

    It is held once where it runs and once in host memory; the other model is read a tensor at a
    time, and four float32 arrays of the largest tensor's size are at work.
    """
    largest = size.hidden * max(size.vocabulary, size.intermediate)
    return replace(
        answering,
        bytes=answering.bytes + 4 * largest * 4,
        flops=answering.flops + cells * DRAW_FLOPS * size.parameters,
        host=answering.host + size.parameters * width,
    )


def tuned_by_attack(answering: Work, training: Work, size: ModelSize, width: int) -> Work:
    """Responses of a model that an attack trains on from one number of steps to the next.

    Beside the model are its float32 weights, gradients and the optimizer's moments, and while it
    answers a copy in host memory. One GPU must hold them.
    """
    moved = weight_change(answering, size, width, 0)
    held = max(training.bytes + size.parameters * width, moved.bytes + 12 * size.parameters)
    return replace(moved, bytes=held, flops=moved.flops + training.flops)


def request(work: Work, size: ModelSize, machine: Machine, attempt: int) -> Request:
    """What to ask for; memory and time grow with the attempt.

    Raises:
        ValueError: the job's processes do not fit the GPUs, however many of them share it.
    """
    on_gpu = machine.has_gpus and not work.on_cpu and size.parameters >= machine.gpu_from
    if on_gpu:
        gpus = _gpus(work, machine)
        sharing = gpus if work.processes else 1  # otherwise one works at a time
        seconds = work.flops / (machine.gpu_tflops * 1e12) / sharing
        seconds += work.weight_reads * work.weight_bytes / (machine.gpu_gb_per_second * GB)
        host = PROCESS_MB * sharing + (work.checkpoints + work.host) / 1e6 * MEMORY_MARGIN
    else:
        gpus = 0
        seconds = work.flops / (CPU_FLOPS * machine.threads)
        host = PROCESS_MB + (work.bytes + work.host) / 1e6 * MEMORY_MARGIN
    minutes = START_MINUTES + TIME_MARGIN * seconds / 60
    disk = math.ceil(work.written / 1e6)
    return Request(gpus, attempt * _up(host, 100), attempt * _up(minutes, 5), disk)


def _gpus(work: Work, machine: Machine) -> int:
    """The fewest GPUs that hold a job."""
    if not work.processes:
        return math.ceil(needed_gb(work.bytes) / machine.gpu_memory_gb)
    for processes, held in sorted(work.processes.items()):
        if needed_gb(held) <= machine.gpu_memory_gb:
            return processes
    raise ValueError(
        f"a round on {processes} GPUs needs {needed_gb(held):.0f} GB on each, and "
        f"compute.gpu.memory_gb is {machine.gpu_memory_gb:g}. A larger align.training.accumulation "
        "makes micro-batches smaller and lets more GPUs share them (fsdp); lora needs less"
    )


def needed_gb(held: float) -> float:
    """Gigabytes of one GPU that a job needs which holds so many bytes there."""
    return held / GB * MEMORY_MARGIN + CUDA_GB


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step
