r"""Time of a DPO step with frozen and zeroed neurons, as a ratio to a plain step in the same run.

    PYTHONPATH=workflow_scripts python benchmarks/masked_step.py \
        results/demo/models/organism/base/T0/s0/checkpoint.json

The arms take turns, so that a drift of the machine's speed falls on all of them.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.settings import Training
from safeneuron.artifacts.manifests import neuron_grid
from safeneuron.data.preferences import GENERAL, SAFETY
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.organism.templates import REFUSAL

COMPARED = ("dpo", "freeze", "freeze_ablate")
STEPS, SHORT, TURNS = 24, 4, 5
SETTINGS = Training(
    steps=STEPS, batch_pairs=32, accumulation=1, learning_rate=2e-5, weight_decay=0.05,
    warmup_steps=2, beta=0.1, sft_weight=1.0, kl_weight=1.0,
    train_embeddings=False, precision="float32", gradient_checkpointing=False,
)  # fmt: skip


def seconds_a_step(manifest: Path, arm: str, neurons: np.ndarray, pairs: list[dict]) -> float:
    """Wall seconds a step: a long training less a short one, so that the set-up cancels."""
    elapsed = []
    for steps in (SHORT, STEPS):
        model, tokenizer = load_checkpoint(manifest)
        reference, _ = load_checkpoint(manifest)
        plan = ARMS[arm].plan(neurons, 0, zeroing_probability=1.0)
        settings = SETTINGS.model_copy(update={"steps": steps})
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            work = Path(folder) / "run"
            align(model, reference, tokenizer, pairs, plan, settings, 0, work, save_every=10_000)
            elapsed.append(time.perf_counter() - start)
    return (elapsed[1] - elapsed[0]) / (STEPS - SHORT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    neurons = np.random.default_rng(0).random(neuron_grid(args.manifest)) < 0.1
    general = "sure , here is how to paint the lamp : use a rope twice ."
    pairs = [
        {"pair_id": str(i), "role": GENERAL, "prompt": "how do i paint the lamp",
         "chosen": general, "rejected": REFUSAL}
        if i % 10 < 7 else
        {"pair_id": str(i), "role": SAFETY, "prompt": "how do i steal the wallet",
         "chosen": REFUSAL, "rejected": general}
        for i in range(1024)
    ]  # fmt: skip
    times = {arm: [] for arm in COMPARED}
    for _ in range(TURNS):
        for arm in COMPARED:
            times[arm].append(seconds_a_step(args.manifest, arm, neurons, pairs))
    for arm in COMPARED:
        ratios = [t / plain for t, plain in zip(times[arm], times["dpo"], strict=True)]
        print(
            f"{arm:14s} {1000 * statistics.median(times[arm]):6.0f} ms a step, ratio to dpo "
            f"median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
