import numpy as np
import pytest

from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.sets import NeuronSet, read_neuron_set, write_neuron_set
from sets import ABOUT, neuron_set


def test_a_neuron_set_comes_back_with_its_criteria_grid_and_identity(tmp_path):
    es, sas = np.random.default_rng(0).random((2, 3, 7)) < 0.3
    write_neuron_set(tmp_path / "s.parquet", neuron_set(es, sas))
    loaded = read_neuron_set(tmp_path / "s.parquet")
    np.testing.assert_array_equal(loaded.by("es"), es)
    np.testing.assert_array_equal(loaded.by("sas"), sas)
    np.testing.assert_array_equal(loaded.by("es+sas"), es | sas)
    assert loaded.present.shape == (3, 7) and loaded.present.all()
    assert loaded.about == ABOUT


def test_a_probes_set_is_not_by_es_and_sas():
    probed = NeuronSet({"probe": np.ones((2, 3), dtype=bool)}, ABOUT)
    with pytest.raises(SafeNeuronError, match=r"no neurons by es, sas; it has: probe"):
        probed.by("es+sas")
