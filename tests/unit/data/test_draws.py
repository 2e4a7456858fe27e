"""Endless batches: how many of each group, and everything once before anything twice."""

from itertools import islice

import numpy as np

from safeneuron.data.draws import endless_batches, endless_draws

GROUPS = [np.array([0, 1, 2, 3]), np.array([10, 11, 12])]


def batches(count, seed=0):
    draws = endless_batches(GROUPS, [1, 2], np.random.default_rng(seed))
    return [batch.tolist() for batch in islice(draws, count)]


def test_each_batch_has_the_number_of_each_group_in_order():
    for batch in batches(20):
        assert [index < 10 for index in batch] == [True, False, False]


def test_a_group_is_gone_through_once_before_anything_comes_again():
    drawn = batches(12)
    first = [batch[0] for batch in drawn]
    second = [index for batch in drawn for index in batch[1:]]
    assert [sorted(first[i : i + 4]) for i in (0, 4, 8)] == [[0, 1, 2, 3]] * 3
    assert [sorted(second[i : i + 3]) for i in range(0, 24, 3)] == [[10, 11, 12]] * 8
    assert first[:4] != first[4:8] or first[4:8] != first[8:]


def test_a_seed_gives_one_order():
    assert batches(9, 1) == batches(9, 1) != batches(9, 2)


def test_draws_are_of_the_groups_in_turn_whatever_their_sizes():
    drawn = list(islice(endless_draws(GROUPS, np.random.default_rng(0)), 24))
    assert [index < 10 for index in drawn] == [True, False] * 12
    large, small = drawn[::2], drawn[1::2]
    assert [sorted(large[i : i + 4]) for i in (0, 4, 8)] == [[0, 1, 2, 3]] * 3
    assert [sorted(small[i : i + 3]) for i in (0, 3, 6, 9)] == [[10, 11, 12]] * 4
