"""Shared experts and plain FFNs beside mixtures: neurons, grids, interventions, freezing, proof."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import linear, silu

import mixtures
import tiny
from families import HIDDEN, LAYERS, TOKENIZER
from mixtures import ALL, BESIDE, CHOSEN, EXPERTS, WIDTH, ffn_of, gated, rows_of
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.capture.activations import pooled_activations
from safeneuron.capture.capture import capture_moments
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.chat import encode_prompts
from safeneuron.models.generation import generate_after
from safeneuron.models.mixtures import MIXTURES, mixture_of
from safeneuron.models.site import UnsupportedArchitectureError
from safeneuron.models.sites import ffn_sites, grid_of, masked_sites, observed
from safeneuron.models.sizes import decoder_sizes

IDS = torch.tensor([[3, 4, 5, 6, 7], [9, 8, 7, 3, 30]])


@pytest.fixture(scope="module", params=BESIDE)
def kind(request):
    return request.param


@pytest.fixture
def model(kind):
    return mixtures.build(kind)


@torch.no_grad()
def logits(model):
    return model(IDS).logits


def mask_of(kind, seed=0):
    """Some of the neurons that there are, [layers, places]."""
    widths = np.array(BESIDE[kind].neurons)
    places = -(-widths.max() // WIDTH) * WIDTH
    some = np.random.default_rng(seed).random((LAYERS, places)) < 0.3
    return some & (np.arange(places) < widths[:, None])


def test_exposed_experts_compute_what_transformers_computes_to_the_bit(kind, model):
    plain = mixtures.build(kind, exposed=False)
    plain.set_experts_implementation("grouped_mm")
    assert torch.equal(logits(model), logits(plain))


def test_the_grid_counts_whole_experts_and_says_what_layers_lack(kind, model):
    widths = list(BESIDE[kind].neurons)
    sites = ffn_sites(model)
    grid = grid_of(sites)
    assert [site.neurons for site in sites] == widths == grid.present.sum(axis=1).tolist()
    assert grid.neurons == grid.experts * WIDTH >= max(widths) > grid.neurons - WIDTH
    assert not np.diff(grid.present.astype(int), axis=1).max() > 0  # first those that there are
    sizes = decoder_sizes(model.config.to_dict())
    assert (sizes.layers, sizes.neurons) == grid.present.shape
    config = model.config.to_dict()
    mixed = [layer for layer in range(LAYERS) if hasattr(ffn_of(model, kind, layer), "experts")]
    assert mixture_of(config).idle == len(mixed) * (EXPERTS - CHOSEN) * WIDTH
    assert mixture_of(config).layers == len(mixed)
    absent = ~grid.present
    if absent.any():
        with pytest.raises(ValueError, match=f"{absent.sum()} neurons that the layers lack"):
            masked_sites(model, absent)


def test_zeroing_is_what_empty_columns_do(kind, model):
    mask, clean = mask_of(kind), logits(model)
    with zeroed(model, mask):
        by_hook = logits(model)
    assert (by_hook - clean).abs().max() > 0.01
    with Weights().applied(model, mask, None):
        torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)
    assert torch.equal(logits(model), clean)
    for (layer, neuron), (_, up, _) in rows_of(model, kind).items():
        if mask[layer, neuron]:
            up[:] = 0
    torch.testing.assert_close(logits(model), by_hook, rtol=1e-5, atol=1e-5)


def test_a_shared_expert_and_a_plain_ffn_are_experts_that_every_token_reaches(kind, model):
    seen, states, hooks = {}, {}, []
    for layer in range(LAYERS):
        ffn = ffn_of(model, kind, layer)
        mixed = "experts" in dict(ffn.named_children())
        ffn = getattr(ffn, BESIDE[kind].shared) if mixed and BESIDE[kind].shared else ffn
        if not mixed or BESIDE[kind].shared:
            hooks.append(
                ffn.register_forward_pre_hook(
                    lambda _, given, layer=layer: states.update({layer: given[0].flatten(0, -2)})
                )
            )
    with observed(ffn_sites(model), lambda layer, routed: seen.update({layer: routed})):
        logits(model)
    for hook in hooks:
        hook.remove()
    for layer, routed in seen.items():
        width = BESIDE[kind].neurons[layer]
        assert routed.number == -(-width // WIDTH)
        assert (routed.experts.diff() >= 0).all()
        ffn = ffn_of(model, kind, layer)
        if layer not in states:
            continue
        first = EXPERTS if "experts" in dict(ffn.named_children()) else 0
        gate, up, _ = gated(getattr(ffn, BESIDE[kind].shared) if first else ffn)
        with torch.no_grad():
            expected = silu(linear(states[layer], gate.weight)) * linear(states[layer], up.weight)
        for expert in range(first, routed.number):
            rows = routed.experts == expert
            assert routed.tokens[rows].tolist() == list(range(IDS.numel()))
            own = expected[:, (expert - first) * WIDTH :][:, :WIDTH]
            torch.testing.assert_close(routed.activations[rows][:, : own.shape[1]], own)


def test_frozen_neurons_keep_their_bits_all_others_move_and_the_proof_says_so(kind, model):
    mask, before = mask_of(kind), copy.deepcopy(model)
    mixtures.train_frozen(model, mask)
    now, then = rows_of(model, kind), rows_of(before, kind)
    for at in now:
        moved = [bool((a != b).any()) for a, b in zip(now[at], then[at], strict=True)]
        assert not any(moved) if mask[at] else all(moved), at
    report = freeze_report(model, before, mask)
    report.check()
    assert (report.frozen_neurons, report.neuron_elements) == (mask.sum(), 3 * HIDDEN)
    assert report.frozen_elements == mask.sum() * 3 * HIDDEN


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_proof_finds_each_neuron_that_moves_by_itself(place, kind, model):
    before, mask = copy.deepcopy(model), mask_of(kind)
    moved = [at for i, at in enumerate(rows_of(model, kind)) if i % 7 == 0]
    for at in moved:
        rows_of(model, kind)[at][place][3] += 1
    report = freeze_report(model, before, mask)
    assert report.frozen_moved == sum(mask[at] for at in moved) > 0
    assert report.free_moved * report.free_elements == pytest.approx(
        sum(not mask[at] for at in moved)
    )
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        report.check()


def recorded(model, kind, prompts):
    """NumPy's share of tokens and mean of `max`, [layers, places], a prompt at a time.

    What experts are given is recorded by hooks on the experts and FFNs as transformers has them.
    """
    places = mask_of(kind).shape[1]
    values = np.full((len(prompts), LAYERS, places), np.nan)
    share = np.zeros((LAYERS, places // WIDTH))
    for number, ids in enumerate(prompts):
        given, hooks = {}, []

        def keep(name, given=given):
            return lambda _, inputs: given.update({name: [x.detach() for x in inputs[:2]]})

        for layer in range(LAYERS):
            ffn = ffn_of(model, kind, layer)
            hooks.append(ffn.register_forward_pre_hook(keep((layer, "ffn"))))
            if "experts" in dict(ffn.named_children()):
                hooks.append(ffn.experts.register_forward_pre_hook(keep((layer, "experts"))))
        with torch.no_grad():
            model(torch.tensor([ids]))
        for hook in hooks:
            hook.remove()
        weights = rows_of(model, kind)
        for (layer, neuron), (gate, up, _) in weights.items():
            states = given[layer, "ffn"][0].flatten(0, -2)
            expert = neuron // WIDTH
            if (layer, "experts") in given and expert < EXPERTS:
                states, chosen = given[layer, "experts"]
                reached = (chosen == expert).any(dim=1)
                states = states[reached]
            if neuron % WIDTH == 0:
                share[layer, expert] += len(states) / len(ids) / len(prompts)
            if len(states):
                products = silu(states @ gate) * (states @ up)
                values[number, layer, neuron] = products.max().item()
    return values, share


@pytest.mark.parametrize("kind", ["deepseek_v3", "qwen2_moe", "lfm2_moe"])
def test_moments_are_those_that_numpy_makes_of_the_tokens_that_reach_a_neuron(kind):
    model, prompts = mixtures.build(kind), tiny.token_prompts(9)
    values, share = recorded(model, kind, prompts)
    moments = capture_moments(model, prompts, ["max"], 4, TOKENIZER.pad_token_id)["max"]
    there = np.arange(values.shape[2]) < np.array(BESIDE[kind].neurons)[:, None]
    np.testing.assert_array_equal(moments.present, there)
    count = (~np.isnan(values)).sum(axis=0)
    np.testing.assert_array_equal(moments.count[there], count[there])
    mean = np.nan_to_num(np.where(count > 0, np.nansum(values, axis=0) / count.clip(1), 0))
    np.testing.assert_allclose(moments.mean[there], mean[there], rtol=1e-4, atol=1e-5)
    assert not moments.mean[~there].any()
    np.testing.assert_allclose(moments.routing.share, share, atol=1e-9)
    pooled = pooled_activations(model, prompts, "max", 4, TOKENIZER.pad_token_id).numpy()
    expected = np.nan_to_num(values).transpose(1, 0, 2)
    np.testing.assert_allclose(pooled, expected, rtol=1e-4, atol=1e-5)


def test_means_are_those_of_each_neuron(kind, model):
    mask, seen = mask_of(kind), {}
    means = np.random.default_rng(1).normal(size=mask.shape)
    operator = MeanAblate()
    # hooks run in the order in which they are made: the second sees what the first has changed
    with (
        operator.applied(model, operator.on(mask, means), None),
        observed(ffn_sites(model), lambda layer, routed: seen.update({layer: routed})),
    ):
        logits(model)
    for layer, routed in seen.items():
        row, of_layer = (values[layer].reshape(-1, WIDTH) for values in (mask, means))
        held, expected = row[routed.experts], of_layer[routed.experts].astype(np.float32)
        np.testing.assert_array_equal(routed.activations.detach()[held], expected[held])


def test_answers_do_not_depend_on_the_batch(kind, model):
    prompts = encode_prompts(TOKENIZER, ["how do i steal the car", "hello", "bake the cake"])
    with zeroed(model, mask_of(kind)):
        together = generate_after(model, TOKENIZER, prompts, 6, 3)
        alone = [generate_after(model, TOKENIZER, [p], 6, 1)[0] for p in prompts]
    assert together == alone


def test_an_ffn_without_a_gate_beside_mixtures_is_an_error():
    model = mixtures.build("qwen3_moe_beside_dense")
    del model.model.layers[0].mlp.gate_proj
    with pytest.raises(UnsupportedArchitectureError, match="layer 0 has an FFN without a gate"):
        ffn_sites(model)


def test_each_supported_type_is_tried():
    built = [mixtures.build(kind, exposed=False) for kind in ALL]
    assert MIXTURES.keys() == {model.config.model_type for model in built}


def test_a_number_that_each_layer_says_is_one_number_if_all_say_the_same():
    text = mixtures.build("hunyuan_v1_moe", exposed=False).config.to_dict()
    assert mixture_of(text | {"moe_topk": [CHOSEN] * LAYERS}) == mixture_of(text)
    assert mixture_of(text | {"moe_topk": [CHOSEN, 1]}) is None
