"""What a capture costs beside bare forward passes of the same batches, and how its cost grows."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from benchmarks.figures import Curve, Found, Goal, figure
from benchmarks.measure import in_turns, peak_memory, ratio, spread
from benchmarks.models import Runnable, organism, runnables, token_prompts, tokens
from torch import nn

from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.models.batches import batches
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.moments import Moments

PROMPTS, SHORTEST, LONGEST, BATCH = 64, 8, 120, 32
SIZES = (64, 128, 256, 512)  # prompts, and neurons a layer


def captured(run: Runnable, prompts: Sequence[Sequence[int]]) -> dict[str, Moments]:
    """Moments of every neuron under all poolings."""
    return capture_moments(run.model, prompts, POOLINGS, BATCH, 0)


@torch.inference_mode()
def bare(module: nn.Module, prompts: Sequence[Sequence[int]]) -> None:
    """Forward passes of the same batches, nothing observed."""
    for batch in batches(prompts, BATCH, 0):
        module(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False)


def difference(run: Runnable, prompts: Sequence[Sequence[int]]) -> float:
    """The largest between standard deviations or means of ours and of stored activations.

    In standard deviations of the neuron; prompts go through the model one by one.
    """
    rows: dict[str, list[np.ndarray]] = {pooling: [] for pooling in POOLINGS}
    seen: list[np.ndarray] = []
    hooks = [
        site.down.register_forward_hook(
            lambda module, inputs, output: seen.append(inputs[0][0].double().numpy())
        )
        for site in ffn_sites(run.model)
    ]
    for prompt in prompts:
        seen.clear()
        bare(run.model, [prompt])
        stored = np.stack(seen)  # [layers, tokens, neurons]
        for prefix, values in (("", stored), ("abs", np.abs(stored))):
            rows["max" + prefix].append(values.max(axis=1))
            rows["last" + prefix].append(values[:, -1])
            rows["mean" + prefix].append(values.mean(axis=1))
    for hook in hooks:
        hook.remove()
    largest = 0.0
    for pooling, moments in captured(run, prompts).items():
        mean, sd = np.mean(rows[pooling], axis=0), np.std(rows[pooling], axis=0, ddof=1)
        for ours, plain in ((moments.mean, mean), (np.sqrt(moments.variance), sd)):
            largest = max(largest, float((np.abs(ours - plain) / sd).max()))
    return largest


def curves(run: Runnable) -> Iterator[Curve]:
    """Seconds against tokens and neurons, memory against prompts."""
    prompts = {count: token_prompts(run.tokenizer, count, SHORTEST, LONGEST) for count in SIZES}
    works = {count: partial(captured, run, of) for count, of in prompts.items()}
    seconds = [spread(turns).median for turns in in_turns(works).values()]
    in_all = [tokens(of) for of in prompts.values()]
    yield Curve("capture", "seconds by tokens", "tokens", in_all, seconds, "s", 1)
    wider = {n: organism(intermediate=n) for n in (512, 1024, 2048, 4096)}
    turns = in_turns({n: partial(captured, of, prompts[64]) for n, of in wider.items()})
    seconds = [spread(of).median for of in turns.values()]
    yield Curve("capture", "seconds by neurons", "neurons a layer", [*turns], seconds, "s", 1)
    memory = [peak_memory(work) for work in works.values()]
    yield Curve("capture", "memory by prompts", "prompts", [*works], memory, "MiB", 0)


def measured(manifest: Path | None) -> Found:
    """The row."""
    figures = []
    for run in runnables(manifest):
        prompts = token_prompts(run.tokenizer, PROMPTS, SHORTEST, LONGEST)
        turns = in_turns(
            {
                "capture": partial(captured, run, prompts),
                "model": partial(bare, run.model, prompts),
                "decoder": partial(bare, run.model.get_decoder(), prompts),
            }
        )
        error = difference(run, prompts[:16])
        for baseline, goal in (("model", Goal(at_most=1)), ("decoder", None)):
            figures.append(
                figure(
                    "capture",
                    f"{run.name}, {tokens(prompts):,} tokens, beside its {baseline}",
                    ratio(turns["capture"], turns[baseline]),
                    "x",
                    goal,
                    baseline=f"bare `{baseline}(**batch)`",
                    error=error,
                    error_of="standard deviations",
                )
            )
    grown = list(curves(organism()))
    return Found([*figures, *(curve.growth() for curve in grown)], grown)
