"""What is captured of mixtures of experts, against NumPy on one prompt at a time."""

import numpy as np
import pytest
import torch

import mixtures
import tiny
from families import LAYERS, TOKENIZER
from mixtures import CHOSEN, EXPERTS, NEURONS, WIDTH, Recorded, recomputed
from safeneuron.capture.activations import pooled_activations
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.grouped import capture_grouped
from safeneuron.capture.pooling import POOLINGS


@pytest.fixture(params=mixtures.KINDS)
def model(request):
    return mixtures.build(request.param)


def independent_moments(model, prompts):
    """Count, mean, M2 and share by NumPy, a prompt at a time without padding.

    Returns:
        Pooling -> count, mean, M2, each [layers, neurons], and the share [layers, experts].
    """
    pooled = {name: [[[] for _ in range(EXPERTS)] for _ in range(LAYERS)] for name in POOLINGS}
    share = np.zeros((LAYERS, EXPERTS))
    for ids in prompts:
        recorded = Recorded(model)
        with torch.no_grad():
            model(torch.tensor([ids]))
        recorded.remove()
        for layer, (states, chosen) in enumerate(
            zip(recorded.states, recorded.chosen, strict=True)
        ):
            for expert in range(EXPERTS):
                tokens = (chosen == expert).any(dim=1)
                share[layer, expert] += tokens.double().mean().item() / len(prompts)
                if tokens.any():
                    values = recomputed(model, layer, states[tokens], expert).double().numpy()
                    for name, pool in tiny.NUMPY_POOLINGS.items():
                        pooled[name][layer][expert].append(pool(values))

    def of(name, reduce):
        return np.concatenate(
            [
                [np.broadcast_to(reduce(np.array(rows)), WIDTH) for rows in layer]
                for layer in pooled[name]
            ]
        ).reshape(LAYERS, NEURONS)

    return {
        name: (
            of(name, len),
            of(name, lambda rows: rows.mean(axis=0) if len(rows) else 0),
            of(name, lambda rows: rows.var(axis=0) * len(rows) if len(rows) else 0),
        )
        for name in POOLINGS
    }, share


@pytest.mark.parametrize(("batch_size", "side"), [(1, "left"), (4, "left"), (30, "right")])
def test_moments_are_those_of_the_prompts_that_reach_an_expert(model, batch_size, side):
    model = model.double()  # so that two ways of adding up choose the same experts
    prompts = tiny.token_prompts(30)
    expected, share = independent_moments(model, prompts)
    found = capture_moments(model, prompts, POOLINGS, batch_size, TOKENIZER.pad_token_id, side)
    for name, (count, mean, m2) in expected.items():
        moments = found[name]
        np.testing.assert_array_equal(moments.count, count)
        scale = np.abs(mean).max()
        np.testing.assert_allclose(moments.mean, mean, rtol=1e-6, atol=1e-6 * scale)
        np.testing.assert_allclose(moments.m2, m2, rtol=1e-6, atol=1e-6 * m2.max())
        assert (moments.prompts, moments.width) == (30, WIDTH)
        np.testing.assert_allclose(moments.routing.share, share, rtol=1e-12)
    counts = expected["max"][0]
    assert len(np.unique(counts)) > 3 and counts.min() < 30  # routing is uneven
    np.testing.assert_allclose(share.sum(axis=1), CHOSEN)


def test_moments_of_groups_are_those_of_their_prompts(model):
    model, pad = model.double(), TOKENIZER.pad_token_id
    prompts, groups = tiny.token_prompts(12), np.random.default_rng(0).integers(3, size=(2, 12))
    found = capture_grouped(model, prompts, groups, ["max", "mean"], 5, pad)
    for (pooling, draw, group), moments in found.items():
        of_group = [p for p, g in zip(prompts, groups[draw], strict=True) if g == group]
        expected = capture_moments(model, of_group, [pooling], 4, pad)[pooling]
        np.testing.assert_array_equal(moments.count, expected.count)
        assert moments.prompts == len(of_group)
        np.testing.assert_allclose(moments.routing.share, expected.routing.share)
        for name in ("mean", "m2", "magnitude"):
            wanted = getattr(expected, name)
            atol = 1e-6 * np.abs(wanted).max()
            np.testing.assert_allclose(getattr(moments, name), wanted, rtol=1e-6, atol=atol)


def test_pooled_activations_are_zero_where_no_token_reaches_the_expert(model):
    prompts, pad = tiny.token_prompts(13), TOKENIZER.pad_token_id
    pooled = pooled_activations(model.double(), prompts, "max", 4, pad).double().numpy()
    moments = capture_moments(model, prompts, ["max"], 4, pad)["max"]
    np.testing.assert_array_equal((pooled != 0).sum(axis=1), moments.count)
    total = moments.mean * moments.count
    np.testing.assert_allclose(pooled.sum(axis=1), total, rtol=1e-6, atol=1e-6)
    for row, prompt in enumerate(prompts):
        alone = pooled_activations(model, [prompt], "max", 1, pad)
        np.testing.assert_allclose(pooled[:, row], alone[:, 0], rtol=1e-5, atol=1e-6)
