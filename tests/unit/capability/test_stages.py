"""From files to the table of capability, as the scripts run one after the other."""

import datasets
import numpy as np
import pytest

import families
from safeneuron.artifacts.provenance import read_provenance
from safeneuron.artifacts.tables import read_about, read_table
from safeneuron.capability.definitions import definition
from safeneuron.capability.schemas import CAPABILITY, MEASURED
from safeneuron.data.questions import QUESTIONS
from safeneuron.models.checkpoint import write_manifest
from safeneuron.neurons.sets import write_neuron_set
from safeneuron.results.capability import as_wide
from sets import neuron_set
from unit.capability import benchmarks

pytest.importorskip("lm_eval", reason="installed by choice: make test-capability")

GRID = (families.LAYERS, families.NEURONS)
T0 = {"model": "tiny", "arm": "base", "round": 0, "seed": 0}
ASKED = {
    "task": "tqa", "definition": definition("truthfulqa_mc2"), "n_shot": 0, "limit": 3,
    "chat_template": False, "batch_size": 4,
}  # fmt: skip


@pytest.mark.parametrize("family", families.FAMILIES)
def test_clean_and_under_attack(family, stage, tmp_path):
    files = benchmarks.write(tmp_path)["truthfulqa_mc2"]
    questions, model = tmp_path / "tqa.parquet", tmp_path / "checkpoint.json"
    settings = {"task": "tqa", "form": "truthfulqa_mc2", "n_shot": 0}
    stage("file_questions", settings, **files, out=questions)
    write_manifest(model, families.save(family, tmp_path / "model"), "float32")

    found = neuron_set(*(np.random.default_rng(s).random(GRID) < 0.3 for s in (0, 1)))
    neurons = tmp_path / "set.parquet"
    write_neuron_set(neurons, found)

    clean, attacked = tmp_path / "clean.parquet", tmp_path / "attacked.parquet"
    whole = {
        "targets": ["es+sas"],
        "fractions": [],
        "control_seeds": [0],
        "operator": {"kind": "zero_ablate"},
    }
    for name, out, cells in (("clean", clean, None), ("paper", attacked, whole)):
        about = {"state": T0, "attack": name}
        stage(
            "capability", {**about, "asked": ASKED, "cells": cells, "cpu_threads": 1},
            model=model, questions=questions, target=[neurons] if cells else [],
            out=out,
        )  # fmt: skip
    (ori,) = read_table(clean, MEASURED).to_pylist()
    full, random = read_table(attacked, MEASURED).to_pylist()
    assert (ori["target"], ori["n_neurons"], ori["n"]) == ("none", 0, 3)
    assert (full["target"], full["control_seed"]) == ("es+sas", None)
    assert (random["target"], random["control_seed"]) == ("es+sas", 0)
    assert full["n_neurons"] == random["n_neurons"] == found.union.sum()
    assert len({row["value"] for row in (ori, full, random)}) == 3
    made_from, about = read_provenance(attacked), read_about(attacked)
    assert (about["lm_eval"], about["task_version"]) == (full["lm_eval"], "3.0")
    assert made_from["settings"]["asked"]["definition"] == ASKED["definition"]

    table = tmp_path / "all.parquet"
    stage(
        "capability_table", None, measured=[clean, attacked], validations=[], out=table,
        csv=tmp_path / "all.csv",
    )  # fmt: skip
    rows = read_table(table, CAPABILITY).to_pylist()
    assert [(r["attack"], r["value"]) for r in rows] == [
        ("clean", ori["value"]),
        ("paper", full["value"]),
        ("paper", random["value"]),
    ]
    wide = as_wide(rows)
    assert wide.header[-1] == "tqa acc, 0-shot"
    assert [line[-1] for line in wide.lines] == [
        f"{row['value']:.3f} ± {row['stderr']:.3f}" for row in (ori, full, random)
    ]


def test_questions_of_the_hub_are_those_of_files(stage, tmp_path, monkeypatch):
    """The library's own builder reads a file here: what a hub id resolves to."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    files = benchmarks.write(tmp_path)["gsm8k"]
    settings = {"task": "mine", "form": "gsm8k", "n_shot": 0}
    of_files, of_hub = tmp_path / "files.parquet", tmp_path / "hub.parquet"
    stage("file_questions", settings, questions=files["questions"], shots=[], out=of_files)
    hub = {"id": "json", "config": None, "revision": None, "streaming": False}
    source = {"hub": hub | {"files": files["questions"]}, "shots": None}
    stage("hub_questions", settings | source, out=of_hub)
    rows = [read_table(path, QUESTIONS).drop_columns("question_id") for path in (of_files, of_hub)]
    assert rows[0].to_pylist() == rows[1].to_pylist()
    assert rows[0].num_rows == 4
