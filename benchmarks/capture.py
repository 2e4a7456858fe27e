r"""Time of a capture under all poolings, as a ratio to bare forward passes of the same batches.

    PYTHONPATH=workflow_scripts python benchmarks/capture.py CHECKPOINT.json --dtype bfloat16

The three take turns, so that a drift of the machine's speed falls on all; seconds are the CPU's,
whatever else the machine does. The decoder alone is what a capture runs; the model is what a user
would call, and has its language-model head besides.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.models.batches import batches
from safeneuron.models.checkpoint import load_checkpoint

PROMPTS, SHORTEST, LONGEST = 64, 8, 120  # tokens


@torch.inference_mode()
def bare(model, prompts: list[list[int]], batch_size: int) -> None:
    """A module's forward passes, nothing observed."""
    for batch in batches(prompts, batch_size, 0):
        model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False)


def seconds(run, *arguments) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    run(*arguments)
    return time.process_time() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = load_checkpoint(args.manifest, args.dtype)
    generator = torch.Generator().manual_seed(0)
    prompts = [
        torch.randint(len(tokenizer), (length,), generator=generator).tolist()
        for length in torch.linspace(SHORTEST, LONGEST, PROMPTS).long().tolist()
    ]
    capture_moments(model, prompts[:8], POOLINGS, 8, 0)
    spent: dict[str, list[float]] = {"capture": [], "decoder": [], "model": []}
    for _ in range(args.turns):
        spent["decoder"].append(seconds(bare, model.get_decoder(), prompts, args.batch_size))
        spent["capture"].append(
            seconds(capture_moments, model, prompts, POOLINGS, args.batch_size, 0)
        )
        spent["model"].append(seconds(bare, model, prompts, args.batch_size))
    print(
        f"{args.dtype}, {sum(map(len, prompts))} tokens in batches of {args.batch_size}: capture "
        f"{statistics.median(spent['capture']):.2f} s"
    )
    for baseline in ("decoder", "model"):
        ratios = [c / b for c, b in zip(spent["capture"], spent[baseline], strict=True)]
        print(
            f"{baseline:8s} {statistics.median(spent[baseline]):.2f} s, ratio "
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        )
