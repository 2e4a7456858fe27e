from math import comb

import numpy as np
import pytest

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.neurons.analyses import (
    COMPOSITION,
    DEPTH_PROFILE,
    NULLS,
    OVERLAP,
    category_sets,
    composition_rows,
    depth_profile_rows,
    overlap_rows,
)
from safeneuron.neurons.overlap import overlap_curves, overlap_null, regrouped_null
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.settings import NullSettings

STATE = {
    "model": "m", "arm": "base", "round": 0, "seed": 1, "selection": "paper",
}  # fmt: skip
DATASET = {**STATE, "dataset": "d"}


@pytest.fixture
def sets():
    return np.random.default_rng(0).random((4, 3, 10)) < 0.4


def round_trip(path, schema, rows):
    """The rows as they come back from a table of `schema`, which checks names and types."""
    write_rows(path, schema, with_gates(rows, []), {})
    return read_table(path, schema).drop_columns(["gate"]).to_pylist()


def test_category_sets_are_the_unions_in_the_order_of_the_files(tmp_path):
    masks = np.random.default_rng(0).random((2, 2, 3, 5)) < 0.5
    files = [tmp_path / name for name in ("b.parquet", "a.parquet")]
    for path, (by_es, by_sas) in zip(files, masks, strict=True):
        about = SetIdentity(**STATE, contrast=f"d/{path.stem}")
        write_neuron_set(path, NeuronSet({"es": by_es, "sas": by_sas}, about))
    sets, context, _ = category_sets(files)
    np.testing.assert_array_equal(sets, masks.any(axis=1))
    assert context == DATASET


def test_category_sets_of_two_states_are_an_error(tmp_path):
    mask = np.ones((3, 5), dtype=bool)
    for number in (0, 1):
        about = SetIdentity(**{**STATE, "round": number}, contrast="d/a")
        write_neuron_set(tmp_path / f"{number}", NeuronSet({"es": mask}, about))
    with pytest.raises(ValueError, match=r"1: a set of .*'round': 1.* beside .*'round': 0"):
        category_sets([tmp_path / "0", tmp_path / "1"])


def test_composition_has_a_row_a_layer(tmp_path, sets):
    rows = round_trip(tmp_path / "t.parquet", COMPOSITION, composition_rows(sets, DATASET))
    holders = sets.sum(axis=0)
    assert rows == [
        {
            **DATASET,
            "layer": layer,
            "neurons": 10,
            "core": sum(h == 4 for h in holders[layer]),
            "shared": sum(h in (2, 3) for h in holders[layer]),
            "specific": sum(h == 1 for h in holders[layer]),
        }
        for layer in range(3)
    ]


def test_depth_profile_has_a_row_a_layer(tmp_path):
    mask = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]], dtype=bool)
    rows = round_trip(tmp_path / "t.parquet", DEPTH_PROFILE, depth_profile_rows(mask, STATE))
    shown = [(r["layer"], r["depth"], r["neurons"], r["selected"], r["fraction"]) for r in rows]
    assert shown == [(0, 0.0, 4, 2, 0.5), (1, 0.5, 4, 0, 0.0), (2, 1.0, 4, 3, 0.75)]
    assert all(row.items() >= STATE.items() for row in rows)


def test_overlap_has_a_row_a_measure_and_k_with_its_nulls(tmp_path, sets):
    others = {"pseudo": [sets[::-1], sets ^ sets[:1]], "shuffled": []}
    rows = overlap_rows(sets, DATASET, NullSettings(null_draws=10, seed=5), others)
    assert round_trip(tmp_path / "t.parquet", OVERLAP, rows) == rows
    curves, nulls = overlap_curves(sets), overlap_null(sets, 10, np.random.default_rng(5))
    pseudo = regrouped_null(others["pseudo"])
    assert [(r["measure"], r["k"]) for r in rows] == [(m, k) for m in curves for k in (2, 3, 4)]
    for row in rows:
        at = row["k"] - 2
        assert row["subsets"] == comb(4, row["k"])
        assert [row[f"{null}_draws"] for null in NULLS] == [10, 2, 0]
        for name in ("mean", "sd", "low", "high"):
            assert row[name] == getattr(curves[row["measure"]], name)[at]
        for name in ("mean", "low", "high"):
            assert row[f"random_{name}"] == getattr(nulls[row["measure"]], name)[at]
            assert row[f"pseudo_{name}"] == getattr(pseudo[row["measure"]], name)[at]
            assert row[f"shuffled_{name}"] is None
