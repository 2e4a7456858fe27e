"""Moments of groups from one pass against a pass over each group alone."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.grouped import capture_grouped
from safeneuron.capture.streaming import GroupedMoments

PROMPTS = tiny.token_prompts(17)
POOLINGS = ("max", "meanabs")
# two draws of three groups
GROUPS = np.stack([np.random.default_rng(seed).permutation(np.arange(17) % 3) for seed in (0, 1)])


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_groups_have_the_moments_of_their_prompts_captured_alone(batch_size):
    model = tiny.build()
    grouped = capture_grouped(model, PROMPTS, GROUPS, POOLINGS, batch_size, tiny.PAD)
    assert len(grouped) == len(POOLINGS) * 2 * 3
    for draw, group in np.ndindex(2, 3):
        mine = [PROMPTS[i] for i in np.flatnonzero(GROUPS[draw] == group)]
        alone = capture_moments(model, mine, POOLINGS, batch_size, tiny.PAD)
        for pooling in POOLINGS:
            found, expected = grouped[pooling, draw, group], alone[pooling]
            assert found.count == expected.count == len(mine)
            deviation = np.sqrt(expected.variance)
            assert (abs(found.mean - expected.mean) <= 1e-5 * deviation).all()
            np.testing.assert_allclose(found.variance, expected.variance, rtol=2e-5)
            np.testing.assert_allclose(found.magnitude, expected.magnitude, rtol=1e-4, atol=1e-6)
            assert found.of_model_of(expected)


def test_a_large_common_offset_does_not_matter():
    rows = torch.from_numpy(np.random.default_rng(0).normal(1e6, 1, size=(60, 5)))
    members = torch.from_numpy(np.arange(60) % 2 == np.arange(2)[:, None]).double()
    moments = GroupedMoments()
    for part in range(0, 60, 7):
        moments.add(rows[part : part + 7], members[:, part : part + 7])
    for group in range(2):
        mine = rows[members[group].bool()].numpy()
        np.testing.assert_allclose(moments.mean[group], mine.mean(axis=0), rtol=1e-14)
        m2 = ((mine - mine.mean(axis=0)) ** 2).sum(axis=0)
        np.testing.assert_allclose(moments.m2[group], m2, rtol=1e-8)


def test_a_batch_without_a_group_leaves_its_moments_alone():
    moments = GroupedMoments()
    rows = torch.tensor([[1.0], [3.0]])
    moments.add(rows, torch.tensor([[1.0, 1.0], [0.0, 0.0]]).double())
    moments.add(rows + 10, torch.tensor([[0.0, 0.0], [1.0, 1.0]]).double())
    assert moments.count.ravel().tolist() == [2, 2]
    assert moments.mean.ravel().tolist() == [2, 12]
    assert moments.m2.ravel().tolist() == [2, 2]


def test_a_row_in_no_group_counts_for_nothing_not_even_as_an_offset():
    rows = torch.from_numpy(np.random.default_rng(0).normal(1e6, 1, size=(40, 3)))
    rows[::2] = 0  # half of the mean would cancel half of the offset
    members = torch.from_numpy(np.arange(40) % 2 == np.array([[1], [1]])).double()
    moments = GroupedMoments()
    moments.add(rows, members)
    mine = rows[1::2].numpy()
    m2 = ((mine - mine.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(moments.m2[0], m2, rtol=1e-8)
    assert moments.count.ravel().tolist() == [20, 20]
