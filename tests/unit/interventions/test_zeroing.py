"""Zeroing by a hook against the same attack on the weights themselves."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.interventions.zeroing import Zeroing, zeroed
from safeneuron.models.sites import ffn_sites

PROMPTS = tiny.token_prompts(4)
MASK = tiny.random_mask()


@pytest.fixture(params=tiny.FAMILIES)
def model(request):
    return tiny.build(request.param)


def assert_same_logits(seen, expected):
    assert all(torch.equal(a, b) for a, b in zip(seen, expected, strict=True))


def some_logits_differ(a, b):
    return any(not torch.equal(x, y) for x, y in zip(a, b, strict=True))


@torch.no_grad()
def zero_down_columns(model):
    for site, row in zip(ffn_sites(model), MASK, strict=True):
        site.down.weight[:, torch.from_numpy(row)] = 0


@torch.no_grad()
def zero_up_rows(model):
    for site, row in zip(ffn_sites(model), MASK, strict=True):
        site.inward[-1].weight[-site.neurons :][torch.from_numpy(row)] = 0  # also where fused


@pytest.mark.parametrize("surgery", [zero_down_columns, zero_up_rows])
def test_zeroing_gives_the_logits_of_zeroed_weights(model, surgery):
    clean = tiny.logits(model, PROMPTS)
    with zeroed(model, MASK):
        attacked = tiny.logits(model, PROMPTS)
    assert some_logits_differ(attacked, clean)
    surgery(model)
    assert_same_logits(attacked, tiny.logits(model, PROMPTS))


def test_an_empty_mask_changes_nothing(model):
    clean = tiny.logits(model, PROMPTS)
    with zeroed(model, np.zeros_like(MASK)):
        assert_same_logits(tiny.logits(model, PROMPTS), clean)


def test_hooks_that_are_not_active_change_nothing():
    model = tiny.build()
    clean = tiny.logits(model, PROMPTS)
    zeroing = Zeroing(model, MASK)
    assert_same_logits(tiny.logits(model, PROMPTS), clean)
    zeroing.active = True
    assert some_logits_differ(tiny.logits(model, PROMPTS), clean)
    zeroing.active = False
    assert_same_logits(tiny.logits(model, PROMPTS), clean)


def test_each_neuron_that_is_zeroed_matters_and_no_other_is_touched():
    model = tiny.build()
    seen = {}
    for site in ffn_sites(model):
        site.down.register_forward_hook(
            lambda module, inputs, output, layer=site.layer: seen.update({layer: inputs[0][0]})
        )
    tiny.logits(model, PROMPTS[:1])
    clean = dict(seen)
    with zeroed(model, MASK):
        tiny.logits(model, PROMPTS[:1])
    assert (seen[0][:, MASK[0]] == 0).all()
    assert torch.equal(seen[0][:, ~MASK[0]], clean[0][:, ~MASK[0]])
    assert (seen[1][:, MASK[1]] == 0).all()
    assert (seen[1][:, ~MASK[1]] != 0).all()


def test_weights_do_not_change_and_the_model_is_clean_afterwards(model):
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    clean = tiny.logits(model, PROMPTS)
    with zeroed(model, MASK):
        tiny.logits(model, PROMPTS)
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert_same_logits(tiny.logits(model, PROMPTS), clean)


def test_the_model_is_clean_after_an_exception_too():
    model = tiny.build()
    clean = tiny.logits(model, PROMPTS)
    with pytest.raises(KeyboardInterrupt), zeroed(model, MASK):
        raise KeyboardInterrupt
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert_same_logits(tiny.logits(model, PROMPTS), clean)


def test_half_precision_stays_half_precision():
    model = tiny.build().to(torch.bfloat16)
    with zeroed(model, MASK):
        attacked = tiny.logits(model, PROMPTS)
    zero_down_columns(model)
    assert attacked[0].dtype == torch.bfloat16
    assert_same_logits(attacked, tiny.logits(model, PROMPTS))


@pytest.mark.parametrize("shape", [(2, 47), (1, 48), (3, 48), (96,)])
def test_a_mask_of_another_shape_is_an_error_that_shows_both(shape):
    with (
        pytest.raises(ValueError, match=rf"{shape[0]}.*\(2, 48\)"),
        zeroed(tiny.build(), np.zeros(shape, dtype=bool)),
    ):
        pass
