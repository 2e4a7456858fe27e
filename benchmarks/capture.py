r"""Time of a capture under all poolings, as a ratio to the bare forward pass of the same batches.

    PYTHONPATH=workflow_scripts python benchmarks/capture.py CHECKPOINT.json --dtype bfloat16

Both take turns, so that a drift of the machine's speed falls on both; seconds are those of one
thread, whatever else the machine does.
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
    """The decoder alone, nothing observed."""
    for batch in batches(prompts, batch_size, 0):
        model.get_decoder()(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
        )


def seconds(run, *arguments) -> float:
    """CPU seconds of a call, whatever else the machine does."""
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
    bare(model, prompts[:8], 8)
    forward, capture = [], []
    for _ in range(args.turns):
        forward.append(seconds(bare, model, prompts, args.batch_size))
        capture.append(seconds(capture_moments, model, prompts, POOLINGS, args.batch_size, 0))
    ratios = [c / f for c, f in zip(capture, forward, strict=True)]
    print(
        f"{args.dtype}, {sum(map(len, prompts))} tokens in batches of {args.batch_size}: "
        f"forward {statistics.median(forward):.2f} s, capture {statistics.median(capture):.2f} s, "
        f"ratio median {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    )
