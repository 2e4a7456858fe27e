import numpy as np

from safeneuron.artifacts.tables import read_table
from safeneuron.neurons.files import (
    NEURON_SET,
    SCORES,
    read_neuron_set,
    read_scores,
    write_neuron_set,
    write_scores,
)
from safeneuron.neurons.scores import Scores
from safeneuron.neurons.selection import Selected


def test_scores_come_back_to_the_last_bit_infinities_too(tmp_path):
    values = np.random.default_rng(0).normal(size=(5, 3, 4))
    values[0, 1, 2], values[0, 2, 0] = np.inf, -np.inf
    scores = Scores(*values[:3])
    write_scores(tmp_path / "s.parquet", scores, *values[3:])
    loaded = read_scores(tmp_path / "s.parquet")
    for name in ("effect_size", "shift", "shift_z"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(scores, name))


def test_scores_have_a_row_a_neuron_with_both_means(tmp_path):
    values = np.arange(30.0).reshape(5, 2, 3)
    write_scores(tmp_path / "s.parquet", Scores(*values[:3]), *values[3:])
    assert read_table(tmp_path / "s.parquet", SCORES).to_pylist()[4] == {
        "layer": 1, "neuron": 1, "effect_size": 4.0, "shift": 10.0, "shift_z": 16.0,
        "mean_unsafe": 22.0, "mean_safe": 28.0,
    }  # fmt: skip


def test_a_neuron_set_comes_back_with_both_criteria(tmp_path):
    by_es, by_sas = np.random.default_rng(0).random((2, 3, 7)) < 0.3
    write_neuron_set(tmp_path / "s.parquet", Selected(by_es, by_sas))
    loaded = read_neuron_set(tmp_path / "s.parquet", (3, 7))
    np.testing.assert_array_equal(loaded.by_es, by_es)
    np.testing.assert_array_equal(loaded.by_sas, by_sas)


def test_a_neuron_set_lists_only_its_neurons_in_order(tmp_path):
    by_es = np.array([[0, 1, 0], [1, 0, 0]], dtype=bool)
    by_sas = np.array([[0, 1, 1], [0, 0, 0]], dtype=bool)
    write_neuron_set(tmp_path / "s.parquet", Selected(by_es, by_sas))
    assert read_table(tmp_path / "s.parquet", NEURON_SET).to_pylist() == [
        {"layer": 0, "neuron": 1, "by_es": True, "by_sas": True},
        {"layer": 0, "neuron": 2, "by_es": False, "by_sas": True},
        {"layer": 1, "neuron": 0, "by_es": True, "by_sas": False},
    ]
