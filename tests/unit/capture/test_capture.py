"""Captured moments against a slow computation: one prompt at a time, own hooks, NumPy."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.neurons.criteria.effect_size import effect_size

PROMPTS = tiny.token_prompts(13)


def capture(model, prompts=PROMPTS, batch_size=4, padding_side="left", poolings=POOLINGS):
    return capture_moments(model, prompts, poolings, batch_size, tiny.PAD, padding_side)


def assert_equal_but_for_rounding(moments, others):
    """Means within 1e-5 standard deviations, variances within 1e-5 of themselves."""
    for pooling in POOLINGS:
        a, b = moments[pooling], others[pooling]
        assert a.count == b.count
        assert (abs(a.mean - b.mean) <= 1e-5 * np.sqrt(b.variance)).all(), pooling
        np.testing.assert_allclose(a.variance, b.variance, rtol=2e-5, err_msg=pooling)


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def model(request):
    return tiny.build(request.param)


@pytest.fixture(scope="module")
def captured(model):
    return capture(model)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_moments_are_those_of_activations_recorded_prompt_by_prompt(model, captured, pooling):
    pooled = np.array(
        [
            [tiny.NUMPY_POOLINGS[pooling](layer) for layer in layers]
            for layers in tiny.recorded_activations(model, PROMPTS)
        ]
    )
    moments = captured[pooling]
    assert moments.count == len(PROMPTS)
    assert moments.mean.shape == (tiny.LAYERS, tiny.NEURONS)
    deviation = pooled.std(axis=0, ddof=1)
    assert (abs(moments.mean - pooled.mean(axis=0)) <= 1e-5 * deviation).all()
    np.testing.assert_allclose(np.sqrt(moments.variance), deviation, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_batch_size_does_not_matter(model, captured, batch_size):
    assert_equal_but_for_rounding(capture(model, batch_size=batch_size), captured)


def test_padding_side_does_not_matter(model, captured):
    assert_equal_but_for_rounding(capture(model, padding_side="right"), captured)


def test_order_of_prompts_does_not_matter(model, captured):
    order = np.random.default_rng(1).permutation(len(PROMPTS))
    assert_equal_but_for_rounding(capture(model, [PROMPTS[i] for i in order]), captured)


def test_the_padding_token_does_not_matter(model, captured):
    other = capture_moments(model, PROMPTS, POOLINGS, 4, pad_id=5)
    assert_equal_but_for_rounding(other, captured)


def test_two_captures_give_the_same_bits(model, captured):
    for pooling, moments in capture(model).items():
        np.testing.assert_array_equal(moments.mean, captured[pooling].mean)
        np.testing.assert_array_equal(moments.m2, captured[pooling].m2)


def test_only_the_asked_poolings_are_captured():
    assert set(capture(tiny.build(), poolings=["last", "max"])) == {"last", "max"}


def test_a_model_in_training_mode_is_captured_without_dropout():
    model = tiny.build(attention_dropout=0.5)
    expected = capture(model)["mean"]
    np.testing.assert_array_equal(capture(model.train())["mean"].mean, expected.mean)


def test_capturing_leaves_no_hook_behind_even_after_an_error():
    model = tiny.build()
    capture(model)
    with pytest.raises(ValueError, match="median"):
        capture(model, poolings=["median"])
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_effect_sizes_of_neurons_that_are_constant_up_to_rounding_do_not_follow_the_batch(model):
    # the largest activation of many neurons lies on the tokens that all prompts begin with
    sides = [
        [[*range(3, 43), *prompt] for prompt in tiny.token_prompts(count, seed, longest=3)]
        for seed, count in ((1, 20), (2, 25))
    ]
    one, other = (
        effect_size(*(capture(model, p, size, padding, ["max"])["max"] for p in sides))
        for size, padding in ((4, "left"), (7, "right"))
    )
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    assert (one == 0).sum() >= 10


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_moments_know_the_precision_of_activations_and_what_neurons_write(model, dtype):
    moments = capture(tiny.build(model.config.model_type).to(dtype), poolings=["max"])["max"]
    assert moments.eps == torch.finfo(dtype).eps
    expected = [
        np.linalg.norm(layer.mlp.down_proj.weight.detach().to(dtype).double().numpy(), axis=0)
        for layer in model.model.layers
    ]
    np.testing.assert_allclose(moments.write_norm, expected, rtol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_magnitude_is_the_mean_of_the_pooling_of_magnitudes_that_is_like_it(
    model, captured, pooling
):
    like = {"max": "maxabs", "last": "lastabs", "mean": "meanabs"}.get(pooling, pooling)
    alone = capture(model, poolings=[pooling])
    np.testing.assert_array_equal(alone[pooling].magnitude, captured[like].mean)
