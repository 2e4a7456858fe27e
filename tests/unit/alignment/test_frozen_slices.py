"""Which elements a frozen neuron owns, and how they are held constant."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import tiny
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from safeneuron.interventions.zeroing import zeroed

LAYER, NEURON, LAST = 1, 5, tiny.NEURONS - 1
MASK = tiny.random_mask()
MLP = f"model.layers.{LAYER}.mlp."


@pytest.fixture
def llama():
    """A Llama with biases in its FFN that are not zero."""
    return with_random_biases(tiny.build(mlp_bias=True))


def with_random_biases(model):
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter)
    return model


def one_neuron(neuron):
    mask = np.zeros_like(MASK)
    mask[LAYER, neuron] = True
    return mask


def marked(model, mask):
    """Each weight's name -> the positions of its frozen elements."""
    positions = {}
    names = {id(p): name for name, p in model.named_parameters()}
    for parameter, index in frozen_slices(model, mask):
        elements = torch.zeros(parameter.shape, dtype=torch.int)
        elements[index] += 1
        positions[names[id(parameter)]] = {tuple(p) for p in elements.nonzero().tolist()}
    return positions


def row(index):
    return {(index, column) for column in range(tiny.HIDDEN)}


def column(index):
    return {(row, index) for row in range(tiny.HIDDEN)}


@pytest.mark.parametrize("neuron", [0, NEURON, LAST])
def test_a_neuron_is_its_gate_row_its_up_row_and_its_down_column(llama, neuron):
    assert marked(llama, one_neuron(neuron)) == {
        f"{MLP}gate_proj.weight": row(neuron),
        f"{MLP}gate_proj.bias": {(neuron,)},
        f"{MLP}up_proj.weight": row(neuron),
        f"{MLP}up_proj.bias": {(neuron,)},
        f"{MLP}down_proj.weight": column(neuron),
    }


@pytest.mark.parametrize("neuron", [0, NEURON, LAST])
def test_a_fused_projection_holds_the_gate_row_and_the_up_row(neuron):
    phi = tiny.build("phi3")
    for layer in phi.model.layers:
        layer.mlp.gate_up_proj = nn.Linear(tiny.HIDDEN, 2 * tiny.NEURONS)
    up = tiny.NEURONS + neuron
    assert marked(phi, one_neuron(neuron)) == {
        f"{MLP}gate_up_proj.weight": row(neuron) | row(up),
        f"{MLP}gate_up_proj.bias": {(neuron,), (up,)},
        f"{MLP}down_proj.weight": column(neuron),
    }


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_emptying_the_slices_is_zeroing_the_neurons(family):
    model, prompts = tiny.build(family), tiny.token_prompts(3)
    with zeroed(model, MASK):
        expected = tiny.logits(model, prompts)
    with torch.no_grad():
        for parameter, index in frozen_slices(model, MASK):
            parameter[index] = 0
    for seen, logits in zip(tiny.logits(model, prompts), expected, strict=True):
        assert torch.equal(seen, logits)


def test_an_empty_mask_owns_nothing(llama):
    assert list(frozen_slices(llama, np.zeros_like(MASK))) == []


def test_a_mask_of_another_number_of_layers_is_an_error(llama):
    with pytest.raises(ValueError, match=r"shape \(1, 48\)"):
        list(frozen_slices(llama, MASK[:1]))


def gradients(model):
    model.zero_grad()
    tokens = torch.tensor([[3, 4, 5, 6, 7]])
    model(tokens, labels=tokens).loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def in_slices(model, mask):
    frozen = {}
    for name, elements in marked(model, mask).items():
        where = torch.zeros(model.get_parameter(name).shape, dtype=torch.bool)
        where[tuple(torch.tensor(sorted(elements)).T)] = True
        frozen[name] = where
    return frozen


def test_gradients_of_the_slices_are_zero_and_all_others_as_they_were(llama):
    expected = gradients(copy.deepcopy(llama))
    frozen = FrozenSlices(frozen_slices(llama, MASK))
    for name, where in in_slices(llama, MASK).items():
        assert (expected[name][where] != 0).any()
        expected[name][where] = 0
    for name, gradient in gradients(llama).items():
        assert torch.equal(gradient, expected[name]), name
    frozen.release()
    assert gradients(llama)[f"{MLP}down_proj.weight"][:, MASK[LAYER]].abs().min() > 0


def test_gradients_stay_zero_while_they_accumulate(llama):
    FrozenSlices(frozen_slices(llama, MASK))
    gradients(llama)
    tokens = torch.tensor([[8, 9, 10]])
    llama(tokens, labels=tokens).loss.backward()
    for name, where in in_slices(llama, MASK).items():
        assert not llama.get_parameter(name).grad[where].any()


def test_restoring_brings_back_every_bit_of_the_slices_and_nothing_else(llama):
    with torch.no_grad():
        llama.get_parameter(f"{MLP}down_proj.weight")[:, MASK[LAYER]] *= -0.0
    before = {name: p.detach().clone() for name, p in llama.named_parameters()}
    frozen = FrozenSlices(frozen_slices(llama, MASK))
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter += 1
    frozen.restore()
    slices = in_slices(llama, MASK)
    for name, parameter in llama.named_parameters():
        expected = before[name] + 1
        if name in slices:
            expected[slices[name]] = before[name][slices[name]]
        assert torch.equal(parameter.view(torch.int32), expected.view(torch.int32)), name


def test_weights_that_do_not_train_can_be_frozen_too(llama):
    llama.requires_grad_(False)
    frozen = FrozenSlices(frozen_slices(llama, MASK))
    before = llama.get_parameter(f"{MLP}up_proj.weight").clone()
    with torch.no_grad():
        llama.get_parameter(f"{MLP}up_proj.weight").zero_()
    frozen.restore()
    after = llama.get_parameter(f"{MLP}up_proj.weight")
    assert torch.equal(after[MASK[LAYER]], before[MASK[LAYER]])
    assert not after[~MASK[LAYER]].any()
