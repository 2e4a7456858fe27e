import numpy as np
import pytest

from safeneuron.neurons.random_sets import matched_random


@pytest.fixture
def mask():
    """Layers with none, some, most and all of their 12 neurons."""
    mask = np.zeros((4, 12), dtype=bool)
    mask[1, :3] = True
    mask[2, :9] = True
    mask[3] = True
    return mask


def test_each_layer_keeps_its_number_of_neurons(mask):
    for seed in range(20):
        drawn = matched_random(mask, np.random.default_rng(seed))
        assert drawn.sum(axis=1).tolist() == [0, 3, 9, 12]


def test_a_seed_gives_one_set_and_another_seed_another(mask):
    first, again, other = (matched_random(mask, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_mask_itself_is_left_as_it_was(mask):
    before = mask.copy()
    matched_random(mask, np.random.default_rng(0))
    np.testing.assert_array_equal(mask, before)


def test_every_neuron_of_a_layer_is_equally_likely(mask):
    rng = np.random.default_rng(0)
    frequency = np.mean([matched_random(mask, rng)[1] for _ in range(4000)], axis=0)
    # 3 of 12 neurons; five standard errors of a share of 1/4
    np.testing.assert_allclose(frequency, 0.25, atol=5 * np.sqrt(0.25 * 0.75 / 4000))
