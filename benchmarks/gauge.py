r"""How much of a neuron set another choice of units exchanges: the second table of docs/gauge.md.

    PYTHONPATH=workflow_scripts python benchmarks/gauge.py \
        results/demo/models/organism/base/T0/s0/checkpoint.json \
        results/demo/prompts/organism.parquet benchmarks/gauge.csv

The model stays the same function in every draw. The prompts are those that the default experiment
finds its neurons with.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.capture.capture import capture_moments
from safeneuron.config.schema.identification import Identification
from safeneuron.data.prompts import select_prompts
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.sites import ffn_sites
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.criteria import CRITERIA, Scores
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select

POOLINGS = ("meanabs", "max")
DRAWS = 5
IDENTIFICATION = Identification()
MAGNITUDE = IDENTIFICATION.selections["magnitude"]
COLUMNS = ("change", "pooling", "neurons", "mean", "lowest", "highest")


def rescaling(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Factors from 1/4 to 4, uniform in their logarithm."""
    return 4.0 ** rng.uniform(-1, 1, shape)


def sign_flips(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """-1 for each neuron with a probability of one half, 1 for the others."""
    return rng.choice([-1.0, 1.0], shape)


CHANGES: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "rescaling": rescaling,
    "sign flips": sign_flips,
}


@torch.no_grad()
def change_units(model: PreTrainedModel, factors: np.ndarray) -> None:
    """Multiply every neuron's activation by its factor, and divide what it writes by it."""
    for site, row in zip(ffn_sites(model), torch.from_numpy(factors).float(), strict=True):
        site.inward[-1].weight[-site.neurons :] *= row[:, None]  # the up rows
        site.down.weight /= row


def scores_of(manifest: Path, prompts: Path, factors: np.ndarray | None) -> dict[str, Scores]:
    """Pooling -> scores, with every neuron in units of its factor (None: as training left them)."""
    model, tokenizer = load_checkpoint(manifest)
    if factors is not None:
        change_units(model, factors)
    moments = []
    for side in (IDENTIFICATION.unsafe, IDENTIFICATION.safe):
        texts = select_prompts(prompts, side.split, side.categories)["text"].to_pylist()
        ids = encode_prompts(tokenizer, texts)
        moments.append(capture_moments(model, ids, POOLINGS, 256, tokenizer.pad_token_id))
    unsafe, safe = moments
    return {pooling: score(unsafe[pooling], safe[pooling]) for pooling in POOLINGS}


def sets_of(scores: dict[str, Scores]) -> dict[tuple[str, str], np.ndarray]:
    """(pooling, criterion or selection) -> its neurons, boolean [layers, neurons]."""
    found = {
        (pooling, name): select(of, [name], MAGNITUDE.rule)[name]
        for pooling, of in scores.items()
        for name in CRITERIA
    }
    es, sas = (found[MAGNITUDE.pooling, name] for name in MAGNITUDE.criteria)
    return found | {(MAGNITUDE.pooling, "selection magnitude"): es | sas}


def exchanged(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the neurons of one set that another of its size does not have."""
    return 1 - float((before & after).sum() / before.sum())


def measured(manifest: Path, prompts: Path) -> Iterator[tuple[str | float, ...]]:
    """Rows of `COLUMNS`."""
    scores = scores_of(manifest, prompts, None)
    shape = scores["max"]["shift"].shape
    before = sets_of(scores)
    for change, draw in CHANGES.items():
        afters = [
            sets_of(scores_of(manifest, prompts, draw(np.random.default_rng(seed), shape)))
            for seed in range(DRAWS)
        ]
        for (pooling, name), neurons in before.items():
            shares = [exchanged(neurons, after[pooling, name]) for after in afters]
            yield change, pooling, name, float(np.mean(shares)), min(shares), max(shares)
    # one comparison in the units that training left
    share = exchanged(before["meanabs", "sas"], before["meanabs", "write_sas"])
    yield "write_sas in place of sas", "meanabs", "sas", share, share, share


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    set_deterministic(1)
    with args.out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for *of, mean, lowest, highest in measured(args.manifest, args.prompts):
            writer.writerow([*of, *(f"{share:.4f}" for share in (mean, lowest, highest))])
