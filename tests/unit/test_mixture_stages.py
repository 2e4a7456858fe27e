"""Mixtures of experts through all stages, one after the other, as their scripts run them."""

import json

import numpy as np
import pytest
import torch
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

import mixtures
from families import HIDDEN, LAYERS, TOKENIZER
from mixtures import ALL, ALTERNATE, KINDS, rows_of
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.experiment.size import folder_size
from safeneuron.models.checkpoint import load_folder, save_checkpoint
from safeneuron.models.folder import mixture_in
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
    enough &= sides[0].present
    assert enough.any() and not enough.all()
    for scores in read_criteria(folder / "scores.parquet").values():
        np.testing.assert_array_equal(np.isfinite(scores), enough)
    chosen = read_neuron_set(folder / "set.parquet").union
    assert chosen.any() and not chosen[~enough].any()


@pytest.mark.parametrize("kind", ALL)
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

    mask, present = read_neuron_set(neurons).union, read_neuron_set(neurons).present
    widths = list(ALL[kind].neurons)
    assert present.sum(axis=1).tolist() == widths
    report = json.loads((tmp_path / "T1" / "freeze_report.json").read_text())
    assert report["frozen_neurons"] == mask.sum()
    assert report["neuron_elements"] == 3 * HIDDEN + 2 * (kind in ALTERNATE)
    assert report["frozen_elements"] == mask.sum() * report["neuron_elements"]
    assert report["frozen_max_change"] == 0 == report["frozen_moved"]
    assert report["frozen_sha256_before"] == report["frozen_sha256_after"]
    assert report["constant_elements"] > 0 and report["constant_moved"] == 0
    assert report["free_trained"] > 0.1
    assert_frozen_and_free(kind, folder, tmp_path / "T1" / "checkpoint", mask)
    manifests = [read_manifest(path) for path in (t0, t1)]
    for manifest in manifests:
        assert (manifest["layers"], manifest["neurons"]) == present.shape
        assert manifest.get("widths") == (None if present.all() else widths)
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
    for control in (None, 0):
        assert overall["mine", control, 0.2]["n_neurons"] <= round(0.2 * present.sum())


def assert_frozen_and_free(kind, before, after, mask):
    """In the folders: a neuron's rows and column have their bits, and others of its layer moved."""
    old, new = (rows_of(load_folder(f, "bfloat16").model, kind) for f in (before, after))
    assert old.keys() == new.keys()
    moved = {
        at: np.mean([(a != b).float().mean() for a, b in zip(old[at], new[at], strict=True)])
        for at in old
    }
    assert not any(moved[at] for at in moved if mask[at])
    for layer in range(LAYERS):
        assert np.mean([moved[at] for at in moved if at[0] == layer and not mask[at]]) > 0.1


def test_a_mixture_without_mixtures_is_a_dense_model(stage, data, tmp_path):
    prompts, pairs = data
    settings = KINDS["qwen3_moe"].settings | {"mlp_only_layers": [0, 1], "intermediate_size": 48}
    torch.manual_seed(0)
    model = Qwen3MoeForCausalLM(Qwen3MoeConfig(**settings))
    save_checkpoint(model.to(torch.bfloat16), TOKENIZER, tmp_path / "folder")
    for state in ("T0", "T1"):
        (tmp_path / state).mkdir()
    t0 = tmp_path / "T0" / "checkpoint.json"
    settings = {"path": str(tmp_path / "folder"), "dtype": "bfloat16"}
    stage("local_checkpoint", settings, manifest=t0)
    assert mixture_in(tmp_path / "folder") is None
    assert folder_size(tmp_path / "folder").intermediate == 48
    _, neurons = identify(stage, t0, prompts)
    align(stage, t0, neurons, pairs, tmp_path / "T1")
    report = json.loads((tmp_path / "T1" / "freeze_report.json").read_text())
    assert report["frozen_neurons"] == read_neuron_set(neurons).union.sum()
    assert report["frozen_moved"] == 0 and report["neuron_elements"] == 3 * HIDDEN
