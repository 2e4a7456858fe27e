"""Every supported family, from its saved folder: what a neuron is, and what is done to it."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import linear

import families
import tiny
from families import FAMILIES, FFN_WEIGHT, LAYERS, NEURONS, OUTWARD, TOKENIZER
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_folder
from safeneuron.models.generation import generate_after
from safeneuron.models.sites import ffn_sites

MASK = tiny.random_mask()
TEXTS = ["how do i steal the car", "hello", "how do i clean the wallet", "bake the cake"]
PROMPTS = encode_prompts(TOKENIZER, TEXTS)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def loaded(family, tmp_path_factory):
    """The family's model and tokenizer as a stage gets them."""
    return load_folder(families.save(family, tmp_path_factory.mktemp("family") / family), "float32")


@pytest.fixture(scope="module")
def model(loaded):
    """The family's model; tests that change it take a copy."""
    return loaded.model


def ffn_weights(model, kind="weight"):
    """(layer, projection) -> weight or bias."""
    return {
        (int(match[1]), match[2]): parameter
        for name, parameter in model.named_parameters()
        if name.endswith(kind) and (match := FFN_WEIGHT.search(name.removesuffix(kind) + "weight"))
    }


def down_projections(model):
    return [
        module
        for name, module in model.named_modules()
        if name.endswith(OUTWARD) and FFN_WEIGHT.search(f"{name}.weight")
    ]


def rows(family, projection, which):
    """Some rows of a projection's weight and of its bias, if it has one."""
    weight = families.by_rows(family, projection.weight)
    return weight[which], None if projection.bias is None else projection.bias[which]


def owned_elements(family, model, mask):
    """Weight -> which of its elements belong to neurons of the mask."""
    owned = {id(p): torch.zeros(p.shape, dtype=torch.bool) for p in model.parameters()}
    for (layer, projection), weight in ffn_weights(model).items():
        row, elements = torch.from_numpy(mask[layer]), families.by_rows(family, owned[id(weight)])
        if projection in OUTWARD:
            elements[:, row] = True
        else:
            elements[row.repeat(len(elements) // NEURONS)] = True
    for (layer, projection), bias in ffn_weights(model, "bias").items():
        if projection not in OUTWARD:
            owned[id(bias)][torch.from_numpy(mask[layer])] = True
    return owned


def test_the_loaded_model_is_the_saved_one(family, model):
    assert type(model).__name__ == FAMILIES[family].model
    original = dict(families.build(family).named_parameters())
    assert len(original) == len(dict(model.named_parameters()))
    assert all(torch.equal(p, original[name]) for name, p in model.named_parameters())


def test_the_loaded_tokenizer_is_the_saved_one(loaded):
    assert encode_prompts(loaded.tokenizer, TEXTS) == PROMPTS
    assert loaded.tokenizer.decode(PROMPTS[0]) == TOKENIZER.decode(PROMPTS[0])


def test_a_neuron_is_what_its_rows_give_gated_where_there_is_a_gate(family, model):
    sites, projections = ffn_sites(model), down_projections(model)
    assert [site.layer for site in sites] == list(range(LAYERS))
    assert [site.down for site in sites] == projections
    _, _, activation, inward, _ = FAMILIES[family]
    for site in sites:
        assert site.neurons == NEURONS
        assert len(site.inward) == len(inward)
        seen = {}
        hooks = [
            site.inward[0].register_forward_pre_hook(lambda _, x, s=seen: s.update(hidden=x[0])),
            site.down.register_forward_pre_hook(lambda _, x, s=seen: s.update(neurons=x[0])),
        ]
        tiny.logits(model, PROMPTS[:1])
        for hook in hooks:
            hook.remove()
        gate, up = (
            rows(family, site.inward[0], slice(NEURONS)),
            rows(family, site.inward[-1], slice(-NEURONS, None)),
        )
        with torch.no_grad():
            expected = activation(linear(seen["hidden"], *gate))
            if FAMILIES[family].numbers == 2:
                expected = expected * linear(seen["hidden"], *up)
        torch.testing.assert_close(seen["neurons"], expected, rtol=1e-4, atol=1e-4)


def test_zeroing_input_columns_and_up_rows_gives_identical_logits(family, model):
    clean = tiny.logits(model, PROMPTS)
    with zeroed(model, MASK):
        expected = tiny.logits(model, PROMPTS)
    assert not any(torch.equal(a, b) for a, b in zip(clean, expected, strict=True))
    columns, rows = copy.deepcopy(model), copy.deepcopy(model)
    with torch.no_grad():
        for (layer, projection), weight in ffn_weights(columns).items():
            if projection in OUTWARD:
                families.by_rows(family, weight)[:, MASK[layer]] = 0
        for (layer, projection), weight in ffn_weights(rows).items():
            if projection in ("up_proj", "gate_up_proj", "w3"):
                weight[-NEURONS:][MASK[layer]] = 0  # up rows come last where fused
    # without a gate a row of zeros gives what the activation function makes of zero
    for changed in (columns, rows) if FAMILIES[family].numbers == 2 else (columns,):
        for seen, logits in zip(tiny.logits(changed, PROMPTS), expected, strict=True):
            assert torch.equal(seen, logits)


def test_a_step_on_everything_moves_all_but_the_frozen_neurons(family, model):
    trained = copy.deepcopy(model).requires_grad_(True)
    before = [p.detach().clone() for p in trained.parameters()]
    optimizer = torch.optim.AdamW(trained.parameters(), lr=0.1, weight_decay=0.1)
    frozen = FrozenSlices(frozen_slices(trained, MASK))
    sum(p.sum() for p in trained.parameters()).backward()
    owned = owned_elements(family, trained, MASK)
    for parameter in trained.parameters():
        assert torch.equal(parameter.grad == 0, owned[id(parameter)])
    optimizer.step()
    frozen.restore()
    for parameter, then in zip(trained.parameters(), before, strict=True):
        unmoved = parameter.view(torch.int32) == then.view(torch.int32)
        assert torch.equal(unmoved, owned[id(parameter)])


def test_captured_moments_are_those_of_activations_recorded_prompt_by_prompt(model):
    prompts = tiny.token_prompts(7)
    recorded = tiny.recorded_activations(model, prompts, down_projections(model))
    captured = capture_moments(model, prompts, POOLINGS, 3, TOKENIZER.pad_token_id)
    for pooling in POOLINGS:
        pooled = np.array(
            [[tiny.NUMPY_POOLINGS[pooling](layer) for layer in layers] for layers in recorded]
        )
        moments = captured[pooling]
        assert moments.count == len(prompts)
        deviation = pooled.std(axis=0, ddof=1)
        assert (abs(moments.mean - pooled.mean(axis=0)) <= 1e-4 * deviation).all(), pooling
        np.testing.assert_allclose(np.sqrt(moments.variance), deviation, rtol=1e-4)


def continued_alone(model, ids, ends):
    """What the loop of transformers continues one prompt with, alone in its batch."""
    model.generation_config.eos_token_id = ends
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0}
    return model.generate(torch.tensor([ids]), **settings)[0, len(ids) :].tolist()


def test_prompts_that_leave_their_batch_are_answered_as_alone_by_transformers(model):
    model, prompts = copy.deepcopy(model), tiny.token_prompts(6)
    free = [continued_alone(model, ids, [2]) for ids in prompts]
    ends = [free[0][0], free[1][2]]
    alone = [continued_alone(model, ids, ends) for ids in prompts]
    assert len({len(ids) for ids in alone}) > 1
    expected = [
        (
            TOKENIZER.decode(ids[:-1] if ids[-1] in ends else ids, skip_special_tokens=True),
            len(ids),
            "stop" if ids[-1] in ends else "length",
        )
        for ids in alone
    ]
    assert generate_after(model, TOKENIZER, prompts, 8, 6) == expected
