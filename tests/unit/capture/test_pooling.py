from statistics import fmean

import numpy as np
import pytest
import torch

from safeneuron.capture.pooling import POOLINGS
from safeneuron.capture.pooling import pool as pool_in_ways

LENGTHS = (1, 5, 3, 5, 2)
WIDTH, NEURONS = 5, 4

REFERENCE = {
    "max": max,
    "last": lambda values: values[-1],
    "mean": fmean,
    "maxabs": lambda values: max(map(abs, values)),
    "lastabs": lambda values: abs(values[-1]),
    "meanabs": lambda values: fmean(map(abs, values)),
}


def sequences(seed=0):
    """Activations [tokens, neurons] of prompts of different lengths; some are all negative."""
    rng = np.random.default_rng(seed)
    activations = [rng.normal(size=(length, NEURONS)).astype("float32") for length in LENGTHS]
    activations[1] = -abs(activations[1])
    return activations


def padded(activations, side, filling=99.0, width=WIDTH):
    """One batch of the prompts, with `filling` where a prompt has no token."""
    batch = np.full((len(activations), width, NEURONS), filling, dtype="float32")
    mask = np.zeros((len(activations), width), dtype=int)
    for row, values in enumerate(activations):
        span = slice(width - len(values), width) if side == "left" else slice(len(values))
        batch[row, span], mask[row, span] = values, 1
    return torch.from_numpy(batch), torch.from_numpy(mask)


def pool(activations, mask, pooling):
    """One pooling alone, [prompts, neurons]."""
    (pooled,) = pool_in_ways(activations, mask, [pooling]).unbind(dim=1)
    return pooled


def expected(activations, pooling):
    return [[REFERENCE[pooling](neuron.tolist()) for neuron in a.T] for a in activations]


def test_every_pooling_has_a_reference():
    assert set(POOLINGS) == set(REFERENCE)


def test_all_poolings_at_once_are_each_of_them_alone():
    batch, mask = padded(sequences(), "left")
    together = pool_in_ways(batch, mask, POOLINGS[::-1])
    assert together.shape == (len(LENGTHS), len(POOLINGS), NEURONS)
    for i, pooling in enumerate(POOLINGS[::-1]):
        assert torch.equal(together[:, i], pool(batch, mask, pooling))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_equals_a_plain_loop_over_the_prompts_own_tokens(pooling, side):
    pooled = pool(*padded(sequences(), side), pooling)
    assert pooled.dtype == torch.float32
    np.testing.assert_allclose(pooled, expected(sequences(), pooling), rtol=1e-6)


@pytest.mark.parametrize("filling", [1e30, -1e30])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_never_counts(pooling, side, filling):
    pooled = pool(*padded(sequences(), side, filling), pooling)
    np.testing.assert_allclose(pooled, expected(sequences(), pooling), rtol=1e-6)


@pytest.mark.parametrize("filling", [float("inf"), float("nan")])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_never_counts_even_where_it_is_not_finite(pooling, filling):
    pooled = pool(*padded(sequences(), "left", filling), pooling)
    np.testing.assert_allclose(pooled, expected(sequences(), pooling), rtol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_prompt_pools_alike_in_any_batch_and_width(pooling):
    together = pool(*padded(sequences(), "left"), pooling)
    wider = pool(*padded(sequences(), "left", width=9), pooling)
    alone = torch.cat([pool(*padded([a], "left", width=len(a)), pooling) for a in sequences()])
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    np.testing.assert_allclose(together, wider, rtol=1e-6)


@pytest.mark.parametrize("pooling", ["maxabs", "lastabs", "meanabs"])
def test_poolings_of_magnitudes_do_not_see_signs(pooling):
    batch, mask = padded(sequences(), "left")
    signs = torch.tensor([1.0, -1.0, -1.0, 1.0])
    assert torch.equal(pool(batch * signs, mask, pooling), pool(batch, mask, pooling))


def test_half_precision_is_pooled_in_single_precision():
    # 4096 + 1 is not representable in bfloat16, nor is their mean
    batch = torch.tensor([[[4096.0], [1.0]]], dtype=torch.bfloat16)
    assert pool(batch, torch.ones(1, 2), "mean").item() == 2048.5


def test_an_unknown_pooling_is_an_error_that_lists_them():
    with pytest.raises(ValueError, match=r"'median'.*'meanabs'"):
        pool(*padded(sequences(), "left"), "median")
