import numpy as np
import pytest

from safeneuron.neurons.composition import composition, normalised_depth


def test_neurons_are_counted_by_how_many_categories_hold_them():
    sets = np.array(
        [
            [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
            [[1, 1, 0, 0, 0], [0, 1, 0, 0, 0]],
            [[1, 0, 0, 1, 0], [0, 0, 1, 0, 0]],
        ],
        dtype=bool,
    )
    parts = composition(sets)
    assert parts.core.tolist() == [1, 0]
    assert parts.shared.tolist() == [1, 0]
    assert parts.specific.tolist() == [2, 3]


def test_core_shared_and_specific_make_up_the_union():
    sets = np.random.default_rng(0).random((5, 3, 40)) < 0.4
    union = sets.any(axis=0).sum(axis=1)
    np.testing.assert_array_equal(sum(composition(sets)), union)


def test_of_two_categories_nothing_is_shared_that_is_not_core():
    sets = np.random.default_rng(0).random((2, 3, 40)) < 0.5
    parts = composition(sets)
    assert parts.shared.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(parts.core, (sets[0] & sets[1]).sum(axis=1))


def test_one_category_alone_is_an_error():
    with pytest.raises(ValueError, match="at least two categories"):
        composition(np.ones((1, 2, 3), dtype=bool))


@pytest.mark.parametrize(
    ("layers", "depths"), [(1, [0.0]), (2, [0.0, 1.0]), (5, [0.0, 0.25, 0.5, 0.75, 1.0])]
)
def test_depth_runs_from_zero_at_the_first_layer_to_one_at_the_last(layers, depths):
    assert normalised_depth(layers).tolist() == depths
