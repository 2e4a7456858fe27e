"""Mixtures of experts through all stages, one after the other, as their scripts run them."""

import json

import numpy as np
import pytest
import torch

import mixtures
from families import HIDDEN, LAYERS
from mixtures import EXPERTS, NEURONS, WIDTH
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.models.checkpoint import load_folder
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import LEAST_REACHING
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.organism.language import SPLITS
from unit.test_family_stages import align, attack, identify

SIZES = {"per_category": 8, "benign": 14, "lookalike": 8, "task": 2}


@pytest.fixture
def data(stage, tmp_path):
    """The organism's prompts, enough of them to score some experts, and pairs, in files."""
    prompts, pairs = tmp_path / "organism.parquet", tmp_path / "pairs.parquet"
    language = dict.fromkeys(SPLITS, SIZES)
    stage("organism_prompts", {"language": language, "dataset": "organism"}, out=prompts)
    settings = {"pairs": 8, "safety_share": 0.5, "seed": 0}
    stage("organism_preferences", settings, prompts=prompts, out=pairs)
    return prompts, pairs


def assert_scored_where_enough_prompts_reach(folder):
    """Scores are there for neurons of experts that enough prompts of both sides reach, only."""
    sides = [
        load_moments(folder / f"{side}.safetensors", "meanabs") for side in ("overall", "safe")
    ]
    enough = np.logical_and(*(side.count >= LEAST_REACHING for side in sides))
    assert enough.any() and not enough.all()
    for scores in read_criteria(folder / "scores.parquet").values():
        np.testing.assert_array_equal(np.isfinite(scores), enough)
    chosen = read_neuron_set(folder / "set.parquet").union
    assert chosen.any() and not chosen[~enough].any()


@pytest.mark.parametrize("kind", mixtures.KINDS)
def test_a_mixture_runs_through_all_stages(kind, stage, data, tmp_path):
    prompts, pairs = data
    folder = mixtures.save(kind, tmp_path / "folder", torch.bfloat16)
    for state in ("T0", "T1"):
        (tmp_path / state).mkdir()
    t0 = tmp_path / "T0" / "checkpoint.json"
    stage("local_checkpoint", {"path": str(folder), "dtype": "bfloat16"}, manifest=t0)
    _, neurons = identify(stage, t0, prompts)
    assert_scored_where_enough_prompts_reach(t0.parent)
    t1 = align(stage, t0, neurons, pairs, tmp_path / "T1")
    scores, found = identify(stage, t1, prompts)
    rows = attack(stage, t1, scores, found, prompts, tmp_path)

    mask = read_neuron_set(neurons).union
    assert mask.shape == (LAYERS, NEURONS)
    report = json.loads((tmp_path / "T1" / "freeze_report.json").read_text())
    assert report["frozen_neurons"] == mask.sum()
    assert report["neuron_elements"] == 3 * HIDDEN
    assert report["frozen_elements"] == mask.sum() * 3 * HIDDEN
    assert report["frozen_max_change"] == 0 == report["frozen_moved"]
    assert report["frozen_sha256_before"] == report["frozen_sha256_after"]
    assert report["constant_elements"] > 0 and report["constant_moved"] == 0
    assert report["free_trained"] > 0.1
    assert_frozen_and_free(folder, tmp_path / "T1" / "checkpoint", mask)
    manifests = [read_manifest(path) for path in (t0, t1)]
    for manifest in manifests:
        assert (manifest["layers"], manifest["neurons"]) == (LAYERS, NEURONS)
    assert manifests[0]["parameters"] == manifests[1]["parameters"]

    overall = {
        (r["attack"], r["control_seed"], r["fraction"]): r
        for r in rows
        if r["category"] == "overall"
    }
    assert set(overall) == {
        ("clean", None, None),
        *(("mine", seed, fraction) for seed in (None, 0) for fraction in (None, 0.2)),
    }
    assert overall["mine", None, None]["n_neurons"] == read_neuron_set(found).union.sum()


def assert_frozen_and_free(before, after, mask):
    """In the folders: a neuron's rows and column have their bits, and others of its layer moved."""
    old, new = (dict(load_folder(f, "bfloat16").model.named_parameters()) for f in (before, after))
    assert old.keys() == new.keys()
    for layer in range(LAYERS):
        frozen = torch.from_numpy(mask[layer].reshape(EXPERTS, WIDTH))
        experts = f"model.layers.{layer}.mlp.experts."
        gate_up = old[experts + "gate_up_proj"] != new[experts + "gate_up_proj"]
        down = old[experts + "down_proj"] != new[experts + "down_proj"]
        for moved in (*gate_up.unflatten(1, (2, WIDTH)).unbind(1), down.transpose(1, 2)):
            assert not moved[frozen].any()
            assert moved[~frozen].float().mean() > 0.1
