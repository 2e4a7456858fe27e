"""What a capture saves, in time and on disk, beside storing every activation for NumPy."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio, spread
from benchmarks.models import Runnable, organism, token_prompts, tokens

from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.moments import load_moments, save_moments

PROMPTS, SHORTEST, LONGEST, BATCH = 512, 8, 120, 32
Moments = tuple[np.ndarray, np.ndarray]  # mean and variance, [layers, neurons]
NUMPY_POOLINGS = {
    "max": lambda a: a.max(axis=1),
    "last": lambda a: a[:, -1],
    "mean": lambda a: a.mean(axis=1),
    "maxabs": lambda a: abs(a).max(axis=1),
    "lastabs": lambda a: abs(a[:, -1]),
    "meanabs": lambda a: abs(a).mean(axis=1),
}


def streamed(run: Runnable, prompts: Sequence[Sequence[int]], file: Path) -> dict[str, Moments]:
    """Our way: moments while the model runs, one small file."""
    save_moments(file, capture_moments(run.model, prompts, POOLINGS, BATCH, 0))
    found = {pooling: load_moments(file, pooling) for pooling in POOLINGS}
    return {pooling: (moments.mean, moments.variance) for pooling, moments in found.items()}


@torch.inference_mode()
def stored(run: Runnable, prompts: Sequence[Sequence[int]], folder: Path) -> dict[str, Moments]:
    """Every activation of every token on disk, a file a prompt, and pooled from there."""
    seen: list[torch.Tensor] = []
    hooks = [
        site.down.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
        for site in ffn_sites(run.model)
    ]
    # batches in the order given, padded on the right
    for first in range(0, len(prompts), BATCH):
        of_batch = prompts[first : first + BATCH]
        width = max(map(len, of_batch))
        ids = torch.tensor([[*prompt, *[0] * (width - len(prompt))] for prompt in of_batch])
        mask = torch.tensor([[1] * len(p) + [0] * (width - len(p)) for p in of_batch])
        seen.clear()
        run.model(input_ids=ids, attention_mask=mask, use_cache=False)
        for row, prompt in enumerate(of_batch):
            activations = torch.stack([layer[row, : len(prompt)] for layer in seen])
            np.save(folder / f"{first + row}.npy", activations.float().numpy())
    for hook in hooks:
        hook.remove()
    pooled: dict[str, list[np.ndarray]] = {pooling: [] for pooling in NUMPY_POOLINGS}
    for number in range(len(prompts)):
        activations = np.load(folder / f"{number}.npy")
        for pooling, rows in pooled.items():
            rows.append(NUMPY_POOLINGS[pooling](activations))
    return {
        pooling: (np.mean(rows, axis=0, dtype=float), np.var(rows, axis=0, ddof=1, dtype=float))
        for pooling, rows in pooled.items()
    }


def difference(ours: dict[str, Moments], plain: dict[str, Moments]) -> float:
    """The largest between means or standard deviations, in standard deviations of the neuron."""
    largest = 0.0
    for pooling, (mean, variance) in plain.items():
        sd = np.sqrt(variance)
        for one, other in ((ours[pooling][0], mean), (np.sqrt(ours[pooling][1]), sd)):
            largest = max(largest, float((abs(one - other) / sd).max()))
    return largest


def measured(manifest: Path | None) -> Found:
    """The row."""
    run = organism()
    prompts = token_prompts(run.tokenizer, PROMPTS, SHORTEST, LONGEST)
    with tempfile.TemporaryDirectory() as scratch:
        file, folder = Path(scratch) / "moments.safetensors", Path(scratch) / "stored"
        folder.mkdir()
        ours = partial(streamed, run, prompts, file)
        plain = partial(stored, run, prompts, folder)
        turns = in_turns({"ours": ours, "plain": plain})
        error = difference(ours(), plain())
        size = sum(one.stat().st_size for one in folder.iterdir()) / file.stat().st_size
    of = partial(figure, "capture_stored", unit="x", baseline="every activation stored, then NumPy")
    number = f"{tokens(prompts):,} tokens"
    return Found(
        [
            of(
                f"speed-up, {number}",
                ratio(turns["plain"], turns["ours"]),
                goal=Goal(at_least=3),
                error=error,
                error_of="standard deviations",
            ),
            of(f"smaller on disk, {number}", spread([size]), goal=Goal(at_least=1000)),
        ]
    )
