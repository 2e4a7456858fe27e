"""Neurons that are found by gradients, or anew, and attacked, as scripts run."""

from itertools import pairwise

import numpy as np
import pytest

import families
from safeneuron.artifacts.tables import read_table
from safeneuron.interventions.schemas import RESPONSES
from safeneuron.neurons.candidates import CANDIDATES
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.found_again import read_found_again
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.organism.language import SPLITS
from unit.test_family_stages import HARMFUL, SAFE, SIZES, T0, identify

SIDES = {
    "unsafe": {"split": "identification", "categories": HARMFUL},
    "safe": {"split": "identification", "categories": SAFE},
}
HOW = {"batch_size": 4, "cpu_threads": 1}
ZERO = {"kind": "zero_ablate"}


@pytest.fixture(params=["llama", "starcoder2", "gpt_neox"])
def model(request, stage, tmp_path):
    """A checkpoint of a family; the last two have no gate."""
    manifest = tmp_path / "checkpoint.json"
    folder = families.save(request.param, tmp_path / "folder")
    stage("local_checkpoint", {"path": str(folder), "dtype": "float32"}, manifest=manifest)
    return manifest


@pytest.fixture
def prompts(stage, tmp_path):
    path = tmp_path / "organism.parquet"
    language = dict.fromkeys(SPLITS, SIZES)
    stage("organism_prompts", {"language": language, "dataset": "organism"}, out=path)
    return path


def responses(stage, model, prompts, target, pooling, cells, out):
    question = {"benchmark": "harmful", "role": "harmful", "split": "evaluation"}
    settings = {
        "state": T0, "attack": "mine", "pooling": pooling, "set_source": "adaptive", "cells": cells,
        "question": question | {"categories": HARMFUL}, "max_new_tokens": 2, **HOW,
    }  # fmt: skip
    stage("attack", settings, model=model, prompts=prompts, target=target, out=out)
    rows = read_table(out, RESPONSES).to_pylist()
    columns = ("target", "operator", "fraction", "strength", "control_seed", "n_neurons", "pooling")
    return list(dict.fromkeys(tuple(row[name] for name in columns) for row in rows))


def test_gradients_rank_the_neurons_that_are_attacked(stage, model, prompts, tmp_path):
    scores, out = tmp_path / "taylor.parquet", tmp_path / "said.parquet"
    settings = {"state": T0, "attack": "mine", "search": {"prompts": 8}, **SIDES, **HOW}
    stage("taylor_neurons", settings, model=model, unsafe=prompts, safe=prompts, out=scores)
    found = read_criteria(scores)
    assert [*found] == ["taylor"] and found["taylor"].shape == (families.LAYERS, families.NEURONS)
    before = scores.read_bytes()
    stage("taylor_neurons", settings, model=model, unsafe=prompts, safe=prompts, out=scores)
    assert scores.read_bytes() == before
    cells = {"fractions": [0.1, 0.2], "control_seeds": [0], "operator": ZERO}
    few, many = (round(share * found["taylor"].size) for share in (0.1, 0.2))
    assert responses(stage, model, prompts, scores, "sum", cells, out) == [
        ("taylor", "zero_ablate", share, None, seed, count, "sum")
        for share, count in ((0.1, few), (0.2, many))
        for seed in (None, 0)
    ]


def test_each_time_adds_to_the_set_that_was_found_first(stage, model, prompts, tmp_path):
    _, neurons = identify(stage, model, prompts)
    found, out = tmp_path / "found.parquet", tmp_path / "said.parquet"
    selected = {
        "selection": "magnitude", "criteria": ["es", "sas"], "pooling": "meanabs", "times": 3,
        "rule": {"kind": "fraction", "fraction": 0.1},
    }  # fmt: skip
    stage(
        "iterative_neurons", {"state": T0, "selected": selected, **SIDES, **HOW}, model=model,
        neurons=neurons, unsafe=prompts, safe=prompts, out=found,
    )  # fmt: skip
    so_far, criteria, _ = read_found_again(found)
    assert criteria == "es+sas"
    np.testing.assert_array_equal(so_far[0], read_neuron_set(neurons).union)
    sizes = [int(mask.sum()) for mask in so_far]
    assert sizes[0] < sizes[1] < sizes[2]
    assert all((before <= after).all() for before, after in pairwise(so_far))
    cells = {"control_seeds": [0], "operator": {"kind": "weights"}}
    assert responses(stage, model, prompts, found, "meanabs", cells, out) == [
        ("es+sas", "weights", None, float(times), seed, size, "meanabs")
        for times, size in enumerate(sizes, start=1)
        for seed in (None, 0)
    ]


def test_one_neuron_is_zeroed_and_held_at_each_strength(stage, model, prompts, tmp_path):
    scores, tried, out = (tmp_path / f"{name}.parquet" for name in ("gaps", "tried", "said"))
    search = {
        "prompts": 12, "candidates": 2, "skip_last": 0.0, "strengths": [1.0, 3.0], "max_kl": 9.0,
    }  # fmt: skip
    stage(
        "single_neuron", {"state": T0, "attack": "mine", "search": search, **SIDES, **HOW},
        model=model, unsafe=prompts, safe=prompts, out=scores, candidates=tried,
    )  # fmt: skip
    assert [*read_criteria(scores)] == ["single", "unsafe", "safe"]
    rows = read_table(tried, CANDIDATES).to_pylist()
    assert [row["strength"] for row in rows] == [None, 1.0, 3.0] * 2
    assert sum(row["chosen"] for row in rows) == 1
    pin = {"kind": "pin_gap", "strengths": [1.0, 3.0]}
    cells = {"control_seeds": [0], "operator": pin}
    assert responses(stage, model, prompts, [scores, tried], "end", cells, out) == [
        ("single", kind, None, strength, seed, 1, "end")
        for kind, strength in (("zero_ablate", None), ("pin_gap", 1.0), ("pin_gap", 3.0))
        for seed in (None, 0)
    ]
