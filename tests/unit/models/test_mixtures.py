"""Mixtures of experts: what a neuron is, and what is observed of it, done to it and owned by it."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import mixtures
from families import HIDDEN, LAYERS, TOKENIZER
from mixtures import CHOSEN, EXPERTS, NEURONS, WIDTH, Recorded, recomputed
from safeneuron.alignment.freezing import frozen_slices
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_folder
from safeneuron.models.generation import generate_after
from safeneuron.models.mixtures import MIXTURES
from safeneuron.models.site import UnsupportedArchitectureError
from safeneuron.models.sites import ffn_sites, intervened, observed, owned

MASK = np.random.default_rng(0).random((LAYERS, NEURONS)) < 0.3
TEXTS = ["how do i steal the car", "hello", "how do i clean the wallet", "bake the cake"]
PROMPTS = encode_prompts(TOKENIZER, TEXTS)
IDS = torch.tensor([[3, 4, 5, 6, 7], [9, 8, 7, 3, 30]])


@pytest.fixture(params=mixtures.KINDS)
def model(request):
    return mixtures.build(request.param)


@torch.no_grad()
def logits(model):
    return model(IDS).logits


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", mixtures.KINDS)
def test_exposed_experts_compute_what_transformers_computes_to_the_bit(kind, dtype):
    plain = mixtures.build(kind, exposed=False).to(dtype)
    plain.set_experts_implementation("grouped_mm")
    exposed = mixtures.build(kind).to(dtype)
    assert torch.equal(logits(exposed), logits(plain))
    plain.set_experts_implementation("eager")
    if dtype == torch.float32:
        torch.testing.assert_close(logits(exposed), logits(plain), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("kind", mixtures.KINDS)
def test_gradients_are_those_of_transformers(kind):
    plain, exposed = mixtures.build(kind, exposed=False), mixtures.build(kind)
    plain.set_experts_implementation("eager")
    for model in (plain, exposed):
        model(IDS, labels=IDS).loss.backward()
    pairs = zip(plain.parameters(), exposed.parameters(), strict=True)
    for expected, found in pairs:
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-4, atol=1e-6)


def test_a_neuron_is_an_element_of_the_input_of_its_experts_down_projection(model):
    sites, recorded, seen = ffn_sites(model), Recorded(model), {}
    assert [(site.layer, site.neurons) for site in sites] == [(i, NEURONS) for i in range(LAYERS)]
    with observed(sites, lambda layer, routed: seen.update({layer: routed})):
        logits(model)
    recorded.remove()
    for layer, routed in seen.items():
        states, chosen = recorded.states[layer], recorded.chosen[layer]
        assert len(routed.activations) == IDS.numel() * CHOSEN
        reached = {(t, e) for t, row in enumerate(chosen.tolist()) for e in row}
        assert {*zip(routed.tokens.tolist(), routed.experts.tolist(), strict=True)} == reached
        for expert in range(EXPERTS):
            rows = routed.experts == expert
            expected = recomputed(model, layer, states, expert)[routed.tokens[rows]]
            torch.testing.assert_close(routed.activations[rows], expected)


def test_observing_changes_nothing(model):
    clean = logits(model)
    with observed(ffn_sites(model), lambda _, routed: routed.activations * 2):
        assert torch.equal(logits(model), clean)
    assert torch.equal(logits(model), clean)


def test_an_intervention_gets_each_rows_neurons_of_the_mask(model):
    seen, clean = [], logits(model)

    def see(neurons, activations):
        seen.append(neurons)
        return activations

    recorded = Recorded(model)
    with intervened(model, MASK, see):
        assert torch.equal(logits(model), clean)
    recorded.remove()
    for row, neurons, chosen in zip(MASK, seen, recorded.chosen, strict=True):
        experts = np.sort(chosen.flatten().numpy())
        np.testing.assert_array_equal(neurons.numpy(), row.reshape(EXPERTS, WIDTH)[experts])


def test_a_change_gets_each_neurons_own_numbers(model):
    numbers, seen = np.arange(NEURONS, dtype=np.float64), []
    site = ffn_sites(model)[1]

    def change(of_rows, activations):
        assert of_rows.shape == activations.shape
        return of_rows.to(activations)

    with site.changed(change, numbers), site.observe(seen.append):
        logits(model)
    for row, expert in zip(seen[0].activations, seen[0].experts.tolist(), strict=True):
        assert row.tolist() == list(range(expert * WIDTH, (expert + 1) * WIDTH))


def test_zeroing_is_what_zero_weights_do(model):
    with zeroed(model, MASK):
        by_hook = logits(model)
    clean = logits(model)
    assert (by_hook - clean).abs().max() > 0.01
    with Weights().applied(model, MASK, None):
        torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)
    assert torch.equal(logits(model), clean)
    # the same by rows of the ups, found without the library
    with torch.no_grad():
        for layer, row in zip(model.model.layers, MASK, strict=True):
            for expert, neuron in np.argwhere(row.reshape(EXPERTS, WIDTH)):
                layer.mlp.experts.gate_up_proj[expert, WIDTH + neuron] = 0
    torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)


def test_neurons_of_an_expert_are_held_at_their_means_by_tokens_that_reach_it(model):
    means = np.random.default_rng(1).normal(size=MASK.shape)
    operator, seen = MeanAblate(), []
    with observed(ffn_sites(model)[:1], lambda _, routed: seen.append(routed)):
        logits(model)
    # hooks run in the order in which they are made: the second sees what the first has changed
    with (
        operator.applied(model, operator.on(MASK, means), None),
        observed(ffn_sites(model)[:1], lambda _, routed: seen.append(routed)),
    ):
        logits(model)
    clean, held = seen
    of_rows = torch.from_numpy(MASK[0].reshape(EXPERTS, WIDTH))[clean.experts]
    of_experts = torch.from_numpy(means[0].reshape(EXPERTS, WIDTH)).float()[clean.experts]
    assert torch.equal(held.activations, torch.where(of_rows, of_experts, clean.activations))


def test_emptying_what_neurons_own_makes_them_zero_and_no_other(model):
    seen = []
    with observed(ffn_sites(model)[:1], lambda _, routed: seen.append(routed)):
        logits(model)
        with torch.no_grad():
            for part in owned(model, MASK):
                part.parameter[part.where] = 0
        logits(model)
    clean, emptied = seen
    of_rows = torch.from_numpy(MASK[0].reshape(EXPERTS, WIDTH))[clean.experts]
    assert torch.equal(emptied.experts, clean.experts)
    assert torch.equal(emptied.activations[~of_rows], clean.activations[~of_rows])
    assert not emptied.activations[of_rows].any()


@pytest.mark.parametrize("neuron", [0, WIDTH - 1, WIDTH, NEURONS - 1])
def test_a_neuron_owns_its_gate_row_its_up_row_and_its_down_column(model, neuron):
    mask = np.zeros_like(MASK)
    mask[1, neuron] = True
    expert, element = divmod(neuron, WIDTH)
    experts = model.model.layers[1].mlp.experts
    expected = {id(p): torch.zeros(p.shape, dtype=torch.bool) for p in experts.parameters()}
    expected[id(experts.gate_up_proj)][expert, [element, WIDTH + element]] = True
    expected[id(experts.down_proj)][expert, :, element] = True
    for parameter, index in frozen_slices(model, mask):
        marked = torch.zeros(parameter.shape, dtype=torch.bool)
        marked[index] = True
        assert torch.equal(marked, expected.pop(id(parameter)))
    assert not expected
    assert [id(p) for p in ffn_sites(model)[1].trainable] == [
        id(experts.gate_up_proj),
        id(experts.down_proj),
    ]


def test_frozen_neurons_keep_their_bits_and_all_others_move(model):
    before = copy.deepcopy(model)
    model.train()
    mixtures.train_frozen(model, MASK)
    layers = zip(model.model.layers, before.model.layers, MASK, strict=True)
    for now, then, row in layers:
        of_experts = torch.from_numpy(row.reshape(EXPERTS, WIDTH))
        gate_up = now.mlp.experts.gate_up_proj != then.mlp.experts.gate_up_proj
        down = now.mlp.experts.down_proj != then.mlp.experts.down_proj
        for moved in (*gate_up.unflatten(1, (2, WIDTH)).unbind(1), down.transpose(1, 2)):
            assert not moved[of_experts].any()
            assert moved[~of_experts].float().mean() > 0.99
        assert (now.mlp.gate.weight != then.mlp.gate.weight).all()


def test_write_norms_are_those_of_the_columns(model):
    for site, layer in zip(ffn_sites(model), model.model.layers, strict=True):
        down = layer.mlp.experts.down_proj.detach().double().numpy()
        expected = [np.linalg.norm(down[n // WIDTH, :, n % WIDTH]) for n in range(NEURONS)]
        np.testing.assert_allclose(site.write_norm, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", mixtures.KINDS)
def test_answers_do_not_depend_on_the_batch(kind):
    model = mixtures.build(kind)
    with zeroed(model, MASK):
        together = generate_after(model, TOKENIZER, PROMPTS, 6, 4)
        alone = [generate_after(model, TOKENIZER, [p], 6, 1)[0] for p in PROMPTS]
    assert together == alone


@pytest.mark.parametrize("kind", mixtures.KINDS)
def test_a_saved_model_shows_nothing_of_its_exposure(kind, tmp_path):
    mixtures.save(kind, tmp_path / "plain")
    loaded = load_folder(tmp_path / "plain", "float32").model
    assert ffn_sites(loaded)[0].neurons == NEURONS
    original = mixtures.build(kind, exposed=False)
    assert {n: p.shape for n, p in loaded.named_parameters()} == {
        n: p.shape for n, p in original.named_parameters()
    }
    assert all(torch.equal(p, original.get_parameter(n)) for n, p in loaded.named_parameters())
    loaded.save_pretrained(tmp_path / "again")
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("plain", "again")]
    assert files[0] == files[1]
    assert "safeneuron" not in (tmp_path / "again" / "config.json").read_text()
    assert "experts_implementation" not in json.loads(
        (tmp_path / "again" / "config.json").read_text()
    )


def test_experts_that_are_not_exposed_are_an_error_and_not_silence():
    with pytest.raises(RuntimeError, match="not exposed"):
        ffn_sites(mixtures.build("mixtral", exposed=False))
    model = mixtures.build("mixtral")
    model.set_experts_implementation("eager")
    with pytest.raises(RuntimeError, match="not exposed"):
        ffn_sites(model)


def test_other_parts_beside_experts_are_an_error_that_names_them():
    model = mixtures.build("mixtral")
    model.model.layers[1].mlp.norm = torch.nn.LayerNorm(HIDDEN)
    with pytest.raises(UnsupportedArchitectureError, match=r"layer 1 is a mixture .*, norm;"):
        ffn_sites(model)


def test_experts_of_a_type_that_is_not_supported_are_an_error_that_names_it():
    model = mixtures.build("mixtral")
    model.config.model_type = "other"
    with pytest.raises(UnsupportedArchitectureError, match=r"'other': experts have .*; supported"):
        ffn_sites(model)


def test_the_page_names_each_supported_type():
    page = (Path(__file__).parents[3] / "docs/mixtures.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall("`([^`]+)`", row)} == MIXTURES.keys()
