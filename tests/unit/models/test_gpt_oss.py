"""Experts with biases and weights [in, out], in which gates and ups alternate: gpt-oss."""

import copy

import numpy as np
import pytest
import torch

import mixtures
import tiny
from families import HIDDEN, LAYERS, TOKENIZER
from mixtures import CHOSEN, EXPERTS, NEURONS, WIDTH, Recorded
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.generation import generate_after
from safeneuron.models.sites import ffn_sites, observed

MASK = np.random.default_rng(0).random((LAYERS, NEURONS)) < 0.3
IDS = torch.tensor([[3, 4, 5, 6, 7], [9, 8, 7, 3, 30]])
ALPHA, LIMIT = 1.702, 1.5


@pytest.fixture
def model():
    return mixtures.build("gpt_oss")


@torch.no_grad()
def logits(model):
    return model(IDS).logits


def elements(model, layer, neuron):
    """Views of what a neuron has: gate and up column, their biases, and its row outward."""
    experts, (e, j) = model.model.layers[layer].mlp.experts, divmod(neuron, WIDTH)
    gate_up, bias = experts.gate_up_proj.data[e], experts.gate_up_proj_bias.data[e]
    ends = slice(2 * j, 2 * j + 1), slice(2 * j + 1, 2 * j + 2)
    return [*(gate_up[:, end] for end in ends), *(bias[end] for end in ends),
            experts.down_proj.data[e, j]]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_exposed_experts_compute_what_transformers_computes_to_the_bit(dtype):
    plain = mixtures.build("gpt_oss", exposed=False).to(dtype)
    plain.set_experts_implementation("grouped_mm")
    assert torch.equal(logits(mixtures.build("gpt_oss").to(dtype)), logits(plain))


def test_a_neuron_is_the_clamped_product_of_its_gate_and_up(model):
    recorded, seen = Recorded(model), {}
    with observed(ffn_sites(model), lambda layer, routed: seen.update({layer: routed})):
        logits(model)
    recorded.remove()
    clamped = 0
    for layer, routed in seen.items():
        states, chosen = (x[layer].double().numpy() for x in (recorded.states, recorded.chosen))
        reached = {(t, int(e)) for t, row in enumerate(chosen) for e in row}
        assert {*zip(routed.tokens.tolist(), routed.experts.tolist(), strict=True)} == reached
        assert len(routed.activations) == IDS.numel() * CHOSEN
        experts = model.model.layers[layer].mlp.experts
        weights, biases = (
            p.detach().double().numpy() for p in (experts.gate_up_proj, experts.gate_up_proj_bias)
        )
        rows = zip(routed.activations, routed.tokens.tolist(), routed.experts.tolist(), strict=True)
        for found, token, expert in rows:
            both = states[token] @ weights[expert] + biases[expert]
            gate, up = np.minimum(both[::2], LIMIT), np.clip(both[1::2], -LIMIT, LIMIT)
            clamped += (abs(both) > LIMIT).sum()
            expected = (up + 1) * gate / (1 + np.exp(-ALPHA * gate))
            np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-5)
    assert clamped > 0


def test_zeroing_is_what_an_empty_row_outward_or_an_empty_gate_does(model):
    clean = logits(model)
    with zeroed(model, MASK):
        by_hook = logits(model)
    assert (by_hook - clean).abs().max() > 0.01
    with Weights().applied(model, MASK, None):
        torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)
    assert torch.equal(logits(model), clean)
    for at in np.argwhere(MASK):
        gate, _, bias, *_ = elements(model, *at)
        gate.zero_()
        bias.zero_()
    torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)


def test_write_norms_are_those_of_the_rows_outward(model):
    for layer, site in enumerate(ffn_sites(model)):
        rows = [elements(model, layer, neuron)[-1].double() for neuron in range(NEURONS)]
        np.testing.assert_allclose(site.write_norm, [row.norm().item() for row in rows])


def test_frozen_neurons_keep_their_bits_and_all_others_move(model):
    before = copy.deepcopy(model)
    mixtures.train_frozen(model, MASK)
    for at in np.ndindex(MASK.shape):
        pairs = zip(elements(model, *at), elements(before, *at), strict=True)
        moved = [bool((now != then).any()) for now, then in pairs]
        assert not any(moved) if MASK[at] else all(moved), at
    report = freeze_report(model, before, MASK)
    report.check()
    assert (report.frozen_neurons, report.neuron_elements) == (MASK.sum(), 3 * HIDDEN + 2)
    assert report.frozen_elements == MASK.sum() * (3 * HIDDEN + 2)


@pytest.mark.parametrize("part", range(5))
def test_the_proof_finds_each_part_of_a_neuron_that_moves_by_itself(part, model):
    before = copy.deepcopy(model)
    moved = [at for at in np.ndindex(MASK.shape) if at[1] % 5 == 0]
    for at in moved:
        elements(model, *at)[part][0] += 1
    report = freeze_report(model, before, MASK)
    assert report.frozen_moved == sum(MASK[at] for at in moved) > 0
    assert report.free_moved * report.free_elements == pytest.approx(
        sum(not MASK[at] for at in moved)
    )
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        report.check()


def test_the_bias_outward_is_no_neurons(model):
    before = copy.deepcopy(model)
    model.model.layers[1].mlp.experts.down_proj_bias.data += 1
    report = freeze_report(model, before, np.ones_like(MASK))
    report.check()
    assert report.free_moved * report.free_elements == pytest.approx(EXPERTS * HIDDEN)


def test_answers_do_not_depend_on_the_batch(model):
    prompts = tiny.token_prompts(4)
    with zeroed(model, MASK):
        together = generate_after(model, TOKENIZER, prompts, 6, 4)
        alone = [generate_after(model, TOKENIZER, [p], 6, 1)[0] for p in prompts]
    assert together == alone
