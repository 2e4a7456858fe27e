import itertools

import numpy as np
import pytest

from safeneuron.neurons.random_sets import matched_random, nested_random


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
    nested_random(mask, np.random.default_rng(0))
    np.testing.assert_array_equal(mask, before)


def test_every_neuron_of_a_layer_is_equally_likely(mask):
    rng = np.random.default_rng(0)
    frequency = np.mean([matched_random(mask, rng)[1] for _ in range(4000)], axis=0)
    # 3 of 12 neurons; five standard errors of a share of 1/4
    np.testing.assert_allclose(frequency, 0.25, atol=5 * np.sqrt(0.25 * 0.75 / 4000))


def mask_of(*sizes, neurons=12):
    """A mask with so many neurons in each layer, the first ones."""
    return np.arange(neurons) < np.array(sizes)[:, None]


class TestNested:
    def test_each_layer_keeps_its_number_of_neurons_and_a_smaller_set_is_in_a_larger_one(self):
        sizes = [(0, 3, 5, 12), (0, 3, 6, 12), (2, 4, 9, 12), (12, 12, 12, 12)]
        for seed in range(20):
            drawn = [nested_random(mask_of(*s), np.random.default_rng(seed)) for s in sizes]
            assert [tuple(mask.sum(axis=1)) for mask in drawn] == sizes
            for smaller, larger in itertools.pairwise(drawn):
                assert not (smaller & ~larger).any()

    def test_a_layer_that_shrinks_keeps_what_it_can(self):
        sizes = [(6, 2), (3, 5)]
        before, after = (nested_random(mask_of(*s), np.random.default_rng(1)) for s in sizes)
        assert (before & after).sum(axis=1).tolist() == [3, 2]

    def test_which_neurons_are_identified_is_nothing_to_it_and_the_seed_is(self):
        first = mask_of(3, 5)
        drawn, again = (
            nested_random(mask, np.random.default_rng(1)) for mask in (first, first[:, ::-1])
        )
        np.testing.assert_array_equal(drawn, again)
        assert (drawn != nested_random(first, np.random.default_rng(2))).any()

    def test_layers_are_drawn_apart(self):
        same = [
            np.array_equal(*nested_random(mask_of(3, 3), np.random.default_rng(seed)))
            for seed in range(200)
        ]
        assert sum(same) <= 5  # 1 of 220 sets

    def test_it_is_uniform_at_each_size(self):
        mask, draws = mask_of(1, 2, 9, neurons=10), 4000
        drawn = [nested_random(mask, np.random.default_rng(seed)) for seed in range(draws)]
        share = mask.mean(axis=1, keepdims=True)
        # five standard errors
        np.testing.assert_array_less(
            abs(np.mean(drawn, axis=0) - share), 5 * np.sqrt(share * (1 - share) / draws) + 0 * mask
        )
        pairs = np.zeros((10, 10))
        for one in drawn:
            pairs[np.ix_(one[1], one[1])] += 1
        together = pairs[np.triu_indices(10, 1)] / draws
        np.testing.assert_allclose(together, 1 / 45, atol=5 * np.sqrt(1 / 45 / draws))
