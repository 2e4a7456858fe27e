"""Moments merged from categories against those captured in one pass over all of their prompts."""

import numpy as np
import pytest

from safeneuron.models.checkpoint import save_checkpoint, write_manifest
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select
from safeneuron.neurons.settings import Fraction
from safeneuron.organism.architecture import build_model
from safeneuron.organism.language import SPLITS
from safeneuron.organism.prompts import write_organism_prompts
from safeneuron.organism.settings import Language, OrganismModel, SplitSize

CATEGORIES = ["violence", "weapons", "theft"]
POOLINGS = ["max", "last", "mean", "maxabs", "lastabs", "meanabs"]
RTOL = 1e-5  # batches of other prompts round the float32 forward pass otherwise; merging is float64


@pytest.fixture
def moments(stage, tokenizer, tmp_path):
    """Merged, captured, and those of the safe side: files of an untrained organism's moments."""
    shape = OrganismModel(layers=2, hidden=32, intermediate=64, heads=2)
    save_checkpoint(build_model(shape, tokenizer, 0), tokenizer, tmp_path / "checkpoint")
    manifest, prompts = tmp_path / "checkpoint.json", tmp_path / "organism.parquet"
    write_manifest(manifest, tmp_path / "checkpoint", "float32")
    size = SplitSize(per_category=9, benign=20, lookalike=20, task=0)
    write_organism_prompts(prompts, "organism", Language(**dict.fromkeys(SPLITS, size)))

    def capture(name, categories):
        settings = {
            "split": "identification", "categories": categories, "poolings": POOLINGS,
            "batch_size": 4, "cpu_threads": 1,
        }  # fmt: skip
        out = tmp_path / f"{name}.safetensors"
        stage("capture", settings, model=manifest, prompts=[prompts], out=out)
        return out

    parts = [capture(category, [category]) for category in CATEGORIES]
    merged = tmp_path / "merged.safetensors"
    stage("merge_moments", {"poolings": POOLINGS}, moments=parts, out=merged)
    return merged, capture("overall", CATEGORIES), capture("safe", ["benign", "lookalike"])


def test_merged_moments_are_those_of_one_pass_and_choose_the_same_neurons(moments):
    for pooling in POOLINGS:
        merged, captured, safe = (load_moments(path, pooling) for path in moments)
        assert merged.count == captured.count == 9 * len(CATEGORIES)
        for name in ("mean", "m2"):
            ours, theirs = getattr(merged, name), getattr(captured, name)
            np.testing.assert_allclose(ours, theirs, RTOL, atol=RTOL * np.abs(theirs).max())
        by_both = [
            select(score(unsafe, safe), ["es", "sas"], Fraction(fraction=0.1))
            for unsafe in (merged, captured)
        ]
        for criterion in ("es", "sas"):
            np.testing.assert_array_equal(*(masks[criterion] for masks in by_both))
