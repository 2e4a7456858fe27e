"""Neurons at their means over safe prompts, against a `down_proj` with a bias instead."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.interventions.cells import read_cells
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.settings import Cells
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.criteria.table import write_criteria
from safeneuron.neurons.moments import Moments, save_moments
from safeneuron.neurons.sets import write_neuron_set
from sets import neuron_set

MASK = tiny.random_mask()
MEANS = np.random.default_rng(5).normal(size=MASK.shape)
IDS = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
OPERATOR = MeanAblate()
TARGET = OPERATOR.on(MASK, MEANS)


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


def test_the_logits_are_those_of_zeroed_columns_and_a_bias_in_their_place():
    model = tiny.build()
    before = logits(model)
    with Intervention(OPERATOR, TARGET).applied(model):
        held = logits(model)
    assert torch.equal(logits(model), before)
    assert not any(site.down._forward_pre_hooks for site in ffn_sites(model))
    for layer, site in enumerate(ffn_sites(model)):
        said = site.down.weight.double() @ torch.from_numpy(MEANS[layer] * MASK[layer])
        site.down.bias = torch.nn.Parameter(said.float())
        site.down.weight.data[:, torch.from_numpy(MASK[layer])] = 0
    torch.testing.assert_close(held, logits(model), rtol=0, atol=1e-5)
    assert (held - before).abs().max() > 0.1


def test_means_of_zero_are_zero_ablation():
    model = tiny.build()
    with Intervention(OPERATOR, OPERATOR.on(MASK, 0 * MEANS)).applied(model):
        held = logits(model)
    with Intervention(ZeroAblate(), MASK).applied(model):
        torch.testing.assert_close(logits(model), held, rtol=0, atol=0)


def test_a_control_is_as_many_neurons_in_each_layer_at_means_of_their_own():
    intervention = Intervention(OPERATOR, TARGET)
    control = intervention.control(np.random.default_rng(0))
    np.testing.assert_array_equal(control.target[0].sum(axis=1), MASK.sum(axis=1))
    assert (control.target[0] != MASK).any()
    np.testing.assert_array_equal(control.target[1], MEANS)
    assert control.size == intervention.size == intervention.neurons == MASK.sum()


def test_weights_without_a_bias_cannot_say_it():
    assert Intervention(OPERATOR, TARGET).as_weights() is None


@pytest.mark.parametrize("means", [None, MEANS[:, 1:]], ids=["none", "others"])
def test_means_are_of_the_same_neurons(means):
    with pytest.raises(ValueError, match="for neurons of shape"):
        OPERATOR.on(MASK, means)


@pytest.mark.parametrize("fractions", [[], [0.1]])
def test_cells_hold_neurons_at_the_means_in_the_safe_moments(tmp_path, fractions):
    rng = np.random.default_rng(2)
    scores = {name: rng.normal(size=MASK.shape) for name in ("es", "sas", "shift")}
    write_neuron_set(tmp_path / "set", neuron_set(es=MASK, sas=MASK))
    write_criteria(tmp_path / "scores", scores)
    one = np.ones(MASK.shape)
    save_moments(tmp_path / "safe", {"mean": Moments(4, MEANS, one, one, one, 1e-7)})
    cells = Cells(targets=["es"], fractions=fractions, control_seeds=[3], operator=OPERATOR)
    files = [tmp_path / name for name in ("set", *(["scores"] if fractions else []), "safe")]
    made = read_cells(cells, files)
    assert [(c.fraction, c.control_seed) for c in made] == [
        (fraction, seed) for fraction in (None, *fractions) for seed in (None, 3)
    ]
    np.testing.assert_array_equal(made[0].intervention.target, TARGET)
    for cell in made:
        np.testing.assert_array_equal(cell.intervention.target[1], MEANS)
        assert cell.columns["operator"] == "mean_ablate"
