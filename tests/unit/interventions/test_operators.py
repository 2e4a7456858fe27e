"""What every operator promises, and what each one does, against a model computed by hand."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.interventions.cells import attack_cells
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.none import Untouched
from safeneuron.interventions.pin import Pin
from safeneuron.interventions.settings import Cells
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.selection import select
from sets import neuron_set

MASK = tiny.random_mask()
IDS = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
PIN = Pin(strengths=[-1.5, 0.0])
ALL = [
    Intervention(Untouched(), MASK),
    Intervention(ZeroAblate(), MASK),
    Intervention(Weights(), MASK),
    *(Intervention(PIN, MASK, strength) for strength in PIN.strengths),
]


@pytest.fixture
def model():
    return tiny.build()


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


def inputs_of_down(model):
    """The input of every layer's `down_proj` as the projection itself gets it."""
    seen = []
    handles = [
        site.down.register_forward_hook(lambda module, inputs, _: seen.append(inputs[0].clone()))
        for site in ffn_sites(model)
    ]
    logits(model)
    for handle in handles:
        handle.remove()
    return torch.stack(seen)


@pytest.mark.parametrize("intervention", ALL, ids=lambda i: f"{i.operator.kind} {i.strength}")
def test_an_operator_leaves_the_model_to_the_bit_as_it_was(model, intervention):
    before = {name: p.clone() for name, p in model.named_parameters()}
    clean = logits(model)
    with pytest.raises(RuntimeError, match="on the way"), intervention.applied(model):
        if intervention.operator.kind != "none":
            assert not torch.equal(logits(model), clean)
        raise RuntimeError("on the way")
    assert torch.equal(logits(model), clean)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert not any(site.down._forward_pre_hooks for site in ffn_sites(model))


@pytest.mark.parametrize("strength", PIN.strengths)
def test_pinned_neurons_are_the_constant_at_every_token_and_the_others_are_not_touched(
    model, strength
):
    clean = inputs_of_down(model)[0]
    with Intervention(PIN, MASK, strength).applied(model):
        seen = inputs_of_down(model)
    assert (seen[:, :, :, :].movedim(-1, 1)[torch.from_numpy(MASK)] == strength).all()
    free = torch.from_numpy(~MASK[0])
    assert torch.equal(seen[0][..., free], clean[..., free])  # nothing before it has changed


def test_a_neuron_pinned_at_zero_is_a_zero_ablated_one(model):
    with Intervention(PIN, MASK, 0.0).applied(model):
        pinned = logits(model)
    with Intervention(ZeroAblate(), MASK).applied(model):
        assert torch.equal(logits(model), pinned)


def test_zero_ablation_in_the_weights_gives_the_logits_of_the_hooks(model):
    hooked = Intervention(ZeroAblate(), MASK)
    with hooked.applied(model):
        expected = logits(model)
    written = hooked.as_weights()
    assert written.operator.kind == "weights"
    with written.applied(model):
        for site, row in zip(ffn_sites(model), MASK, strict=True):
            columns = site.down.weight.abs().sum(dim=0) == 0
            assert columns.tolist() == row.tolist()
        torch.testing.assert_close(logits(model), expected, rtol=0, atol=1e-6)


def test_what_weights_cannot_say_has_no_weights():
    assert Intervention(PIN, MASK, 1.0).as_weights() is None


@pytest.mark.parametrize("intervention", ALL, ids=lambda i: f"{i.operator.kind} {i.strength}")
def test_a_control_is_the_same_operator_on_as_many_neurons_in_each_layer(intervention):
    control = intervention.control(np.random.default_rng(0))
    assert (control.operator, control.strength) == (intervention.operator, intervention.strength)
    np.testing.assert_array_equal(control.target.sum(axis=1), MASK.sum(axis=1))
    assert (control.target != MASK).any()
    assert control.size == intervention.size == MASK.sum()


@pytest.mark.parametrize("operator", [ZeroAblate(), Weights(), PIN], ids=lambda o: o.kind)
def test_a_target_of_another_shape_is_an_error(model, operator):
    wrong = Intervention(operator, MASK[:, :-1], 1.0)
    with pytest.raises(ValueError, match="a mask of shape"), wrong.applied(model):
        pass


def test_an_attack_has_a_cell_and_its_controls_for_each_strength():
    values = np.random.default_rng(1).normal(size=(3, 4, 50))
    scores = dict(zip(("es", "sas", "shift"), values, strict=True))
    identified = neuron_set(**select(scores, ["es", "sas"], Thresholds(es=1.5, sas=1.5)))
    asked = Cells(targets=["es"], fractions=[0.1], control_seeds=[7], operator=PIN)
    cells = [c.columns for c in attack_cells(identified, scores, asked)]
    assert [(c["operator"], c["fraction"], c["strength"], c["control_seed"]) for c in cells] == [
        ("pin", fraction, strength, seed)
        for fraction in (None, 0.1)
        for strength in (-1.5, 0.0)
        for seed in (None, 7)
    ]
