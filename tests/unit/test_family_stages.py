"""Every family through all stages, one after the other, as their scripts run them."""

import json

import pytest
import torch
from safetensors.torch import load_file

import families
from safeneuron.alignment import round
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import read_table
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.organism.language import SPLITS
from safeneuron.results.attack_success import ATTACK_SUCCESS
from unit.alignment.rounds import changed

SIZES = {"per_category": 2, "benign": 4, "lookalike": 4, "task": 2}
HARMFUL, SAFE = ["weapons", "theft", "violence"], ["benign", "lookalike"]
GRID = (families.LAYERS, families.NEURONS)
WITH_BIASES = (
    *("gpt2", "gpt_bigcode", "gpt_neo", "gptj", "falcon"),
    *("starcoder2", "gpt_neox", "persimmon", "phi"),
)
T0 = {"model": "tiny", "arm": "base", "round": 0, "seed": 0}
T1 = {"model": "tiny", "arm": "freeze_ablate", "round": 1, "seed": 0}


@pytest.fixture
def trained_dtypes(monkeypatch):
    """The dtypes of the weights that trainings of this test get."""
    seen = set()

    def recorded(model, reference, *arguments):
        seen.update(p.dtype for m in (model, reference) for p in m.parameters())
        return train(model, reference, *arguments)

    train = round.align
    monkeypatch.setattr(round, "align", recorded)
    return seen


@pytest.fixture
def data(stage, tmp_path):
    """The organism's prompts and preference pairs, in files."""
    prompts, pairs = tmp_path / "organism.parquet", tmp_path / "pairs.parquet"
    language = dict.fromkeys(SPLITS, SIZES)
    stage("organism_prompts", {"language": language, "dataset": "organism"}, out=prompts)
    stage(
        "organism_preferences",
        {"pairs": 8, "safety_share": 0.5, "seed": 0},
        prompts=prompts,
        out=pairs,
    )
    return prompts, pairs


def identify(stage, model, prompts):
    """Capture, score and select on a model state; returns its scores and its set."""
    folder = model.parent
    for name, categories in {"overall": HARMFUL, "safe": SAFE}.items():
        settings = {
            "split": "identification", "categories": categories, "poolings": ["meanabs"],
            "batch_size": 4, "cpu_threads": 1,
        }  # fmt: skip
        out = folder / f"{name}.safetensors"
        stage("capture", settings, model=model, prompts=[prompts], out=out)
    scores, neurons = folder / "scores.parquet", folder / "set.parquet"
    stage(
        "score",
        {"state": T0, "contrast": "overall", "poolings": ["meanabs"]},
        unsafe=folder / "overall.safetensors",
        safe=folder / "safe.safetensors",
        out=[scores],
    )
    rule = {"kind": "fraction", "fraction": 0.1}
    settings = {"selection": "magnitude", "criteria": ["es", "sas"], "rule": rule}
    stage("select_neurons", settings, scores=scores, out=neurons)
    return scores, neurons


def align(stage, model, neurons, pairs, folder):
    """One round of freeze_ablate; returns the manifest of T1."""
    manifest = folder / "checkpoint.json"
    settings = {
        "state": T1,
        "method": "freeze_ablate",
        "zeroing_probability": 1.0,
        "data_fraction": 1.0,
        "training": changed(steps=2).model_dump(),
        "cpu_threads": 1,
    }
    stage(
        "align", settings, model=model, neurons=[neurons], preferences=pairs,
        reference=[], unsafe=[], safe=[], out=folder / "checkpoint", manifest=manifest,
        report=folder / "freeze_report.json", table=folder / "training.parquet",
    )  # fmt: skip
    return manifest


def attack(stage, model, scores, neurons, prompts, folder):
    """Attack, verdicts and the table of attack success; returns its rows."""
    cells = {
        "targets": ["es+sas"], "fractions": [0.2], "control_seeds": [0],
        "operator": {"kind": "zero_ablate"},
    }  # fmt: skip
    verdicts = []
    for name, of in (("clean", None), ("mine", cells)):
        for role, categories in {"harmful": HARMFUL, "safe": SAFE}.items():
            question = {"benchmark": role, "role": role, "split": "evaluation"}
            settings = {
                "state": T1, "attack": name, "pooling": "meanabs" if of else None,
                "set_source": "adaptive" if of else None, "cells": of,
                "question": question | {"categories": categories},
                "max_new_tokens": 3, "batch_size": 8, "cpu_threads": 1,
            }  # fmt: skip
            responses = folder / f"said-{name}-{role}.parquet"
            verdicts.append(folder / f"judged-{name}-{role}.parquet")
            files = {"target": [neurons, scores] if of else []}
            stage("attack", settings, model=model, prompts=prompts, **files, out=responses)
            stage("judge", {"judge": "oracle"}, responses=responses, out=verdicts[-1])
    table = folder / "success.parquet"
    stage(
        "attack_success", None, verdicts=verdicts, validations=[], out=table,
        csv=folder / "success.csv",
    )  # fmt: skip
    return read_table(table, ATTACK_SUCCESS).to_pylist()


def assert_only_free_language_weights_moved(family, before, after, mask):
    """In the files: frozen neurons have their bits, each language weight moved, no other did."""
    for name, now in after.items():
        if name.endswith(("act_fn.beta", "act_fn.eps")):  # constants of Apertus, and no weights
            assert now == before[name]
            continue
        assert now.dtype == torch.bfloat16
        moved = now.view(torch.int16) != before[name].view(torch.int16)
        if match := families.FFN_WEIGHT.search(name):
            row = torch.from_numpy(mask[int(match[1])])
            moved = families.by_rows(family, moved)
            frozen = moved.T if match[2] in families.OUTWARD else moved
            row = row.repeat(len(frozen) // families.NEURONS)
            assert not frozen[row].any(), name
            assert frozen[~row].float().mean() > 0.1, name
        if any(part in name for part in ("visual", "vision", "multi_modal")):
            assert not moved.any(), name


@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_family_runs_through_all_stages(family, stage, data, trained_dtypes, tmp_path):
    prompts, pairs = data
    folder = families.save(family, tmp_path / "folder", torch.bfloat16)
    for state in ("T0", "T1"):
        (tmp_path / state).mkdir()
    t0 = tmp_path / "T0" / "checkpoint.json"
    stage("local_checkpoint", {"path": str(folder), "dtype": "bfloat16"}, manifest=t0)
    _, neurons = identify(stage, t0, prompts)
    t1 = align(stage, t0, neurons, pairs, tmp_path / "T1")
    assert trained_dtypes == {torch.float32}
    scores, found = identify(stage, t1, prompts)
    rows = attack(stage, t1, scores, found, prompts, tmp_path)

    mask = read_neuron_set(neurons).union
    report = json.loads((tmp_path / "T1" / "freeze_report.json").read_text())
    assert report["frozen_neurons"] == mask.sum()
    weights = (families.FAMILIES[family].numbers + 1) * families.HIDDEN
    biases = report["neuron_elements"] - weights
    assert biases == (family in WITH_BIASES)
    assert report["frozen_elements"] == mask.sum() * report["neuron_elements"]
    assert report["frozen_max_change"] == 0
    assert report["frozen_sha256_before"] == report["frozen_sha256_after"]
    assert report["constant_elements"] > 0 and report["constant_moved"] == 0
    assert report["free_trained"] > 0.1
    before, after = (
        load_file(f / "model.safetensors") for f in (folder, tmp_path / "T1" / "checkpoint")
    )
    assert before.keys() == after.keys()
    assert_only_free_language_weights_moved(family, before, after, mask)
    manifests = [read_manifest(path) for path in (t0, t1)]
    assert manifests[0]["parameters"] == manifests[1]["parameters"]
    assert [m["architecture"] for m in manifests] == [families.FAMILIES[family].model] * 2

    overall = {
        (r["attack"], r["target"], r["control_seed"], r["fraction"]): r
        for r in rows
        if r["category"] == "overall"
    }
    assert set(overall) == {
        ("clean", "none", None, None),
        *(("mine", "es+sas", seed, f) for seed in (None, 0) for f in (None, 0.2)),
    }
    assert overall["mine", "es+sas", None, None]["n_neurons"] == (
        read_neuron_set(found).union.sum()
    )
    for row in overall.values():  # an untrained model neither answers nor refuses
        assert (row["n_prompts"], row["asr"], row["refused"], row["utility"]) == (6, 0.0, 0.0, 0.0)
