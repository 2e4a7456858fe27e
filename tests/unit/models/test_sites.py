"""What sites answer; models whose neurons are not defined are errors that show their modules."""

import re
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    BitNetConfig,
    BitNetForCausalLM,
    MptConfig,
    MptForCausalLM,
    OPTConfig,
    OPTForCausalLM,
)

import tiny
from safeneuron.models import sites
from safeneuron.models.sites import (
    UnsupportedArchitectureError,
    ffn_sites,
    grid_of,
    intervened,
    observed,
    owned,
    residual_sites,
)

SIZES = {
    "vocab_size": tiny.VOCABULARY,
    "hidden_size": tiny.HIDDEN,
    "intermediate_size": tiny.NEURONS,
    "num_hidden_layers": tiny.LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}


def refusal(model):
    with pytest.raises(UnsupportedArchitectureError) as error:
        ffn_sites(model)
    return str(error.value)


def test_an_ffn_that_is_no_module_of_its_own_is_an_error_that_shows_the_layers_modules():
    config = OPTConfig(
        vocab_size=tiny.VOCABULARY, hidden_size=tiny.HIDDEN, ffn_dim=tiny.NEURONS,
        num_hidden_layers=1, num_attention_heads=2, word_embed_proj_dim=tiny.HIDDEN,
    )  # fmt: skip
    message = refusal(OPTForCausalLM(config))
    assert message.startswith("OPTForCausalLM: layer 0 has no FFN of a known family")
    assert "fc1" in message


def test_layers_of_another_name_are_an_error_that_shows_the_decoders_children():
    config = MptConfig(vocab_size=tiny.VOCABULARY, d_model=tiny.HIDDEN, n_layers=2, n_heads=2)
    message = refusal(MptForCausalLM(config))
    assert message.startswith("MptForCausalLM: its decoder MptModel has no 'layers' or 'h'; it has")
    assert "'blocks'" in message


def test_a_norm_between_product_and_projection_is_an_error_that_names_it():
    model = BitNetForCausalLM(BitNetConfig(**SIZES))
    assert "layer 0 has 'ffn_sub_norm' (BitNetRMSNorm) in its FFN" in refusal(model)


def test_a_single_layer_without_a_gate_is_an_error_that_names_it():
    model = tiny.build("llama")
    del model.model.layers[1].mlp.gate_proj
    with pytest.raises(UnsupportedArchitectureError, match="layer 1 has an FFN of another family"):
        ffn_sites(model)


def test_a_narrower_layer_has_the_first_places_of_the_grid():
    model = tiny.build("llama")
    narrow = tiny.build("llama").model.layers[1].mlp
    narrow.gate_proj, narrow.up_proj = (
        torch.nn.Linear(tiny.HIDDEN, 16, bias=False) for _ in range(2)
    )
    narrow.down_proj = torch.nn.Linear(16, tiny.HIDDEN, bias=False)
    model.model.layers[1].mlp = narrow
    grid = grid_of(ffn_sites(model))
    np.testing.assert_array_equal(grid.present, np.arange(48) < np.array([[48], [16]]))
    assert (grid.neurons, grid.experts) == (48, 0)
    placed = grid.placed(np.ones(16))
    assert placed[:16].tolist() == [1] * 16 and np.isnan(placed[16:]).all()


MASK = tiny.random_mask()
IDS = torch.tensor([[3, 4, 5, 6]])


@pytest.fixture(params=tiny.FAMILIES)
def model(request):
    return tiny.build(request.param)


@torch.no_grad()
def logits(model):
    return model(IDS).logits


def test_a_site_shows_what_goes_in_and_changes_nothing(model):
    clean, seen = logits(model), {}
    with observed(
        ffn_sites(model), lambda layer, activations: seen.update({layer: activations.shape})
    ):
        assert torch.equal(logits(model), clean)
    assert seen == dict.fromkeys(range(tiny.LAYERS), (1, 4, tiny.NEURONS))


def test_the_model_goes_on_with_what_an_intervention_makes_of_the_activations(model):
    clean, seen = logits(model), []
    site = ffn_sites(model)[0]
    with site.intervene(lambda activations: 2 * activations), site.observe(seen.append):
        assert not torch.equal(logits(model), clean)
    with site.observe(seen.append):
        assert torch.equal(logits(model), clean)
    assert torch.equal(seen[0], 2 * seen[1])


def test_what_an_observer_returns_is_not_for_the_model(model):
    clean = logits(model)
    with observed(ffn_sites(model), lambda _, activations: 2 * activations):
        assert torch.equal(logits(model), clean)


def test_an_intervention_gets_each_layers_own_row_of_the_mask(model):
    rows = []
    with intervened(model, MASK, lambda neurons, activations: rows.append(neurons) or activations):
        logits(model)
    np.testing.assert_array_equal(torch.stack(rows).numpy(), MASK)


def test_emptying_what_neurons_own_makes_them_zero_and_no_other(model):
    seen = []
    with observed(ffn_sites(model), lambda _, activations: seen.append(activations[0])):
        logits(model)
        with torch.no_grad():
            for part in owned(model, MASK):
                part.parameter[part.where] = 0
        logits(model)
    clean, emptied = seen[0], seen[tiny.LAYERS]  # of the first layer
    assert torch.equal(emptied[:, ~MASK[0]], clean[:, ~MASK[0]])
    for activations, row in zip(seen[tiny.LAYERS :], MASK, strict=True):
        assert not activations[:, row].any()


def test_outgoing_columns_are_all_that_the_model_reads_of_neurons(model):
    with intervened(model, MASK, lambda neurons, activations: activations * ~neurons):
        expected = logits(model)
    with torch.no_grad():
        for site, row in zip(ffn_sites(model), MASK, strict=True):
            [(weight, index, *_)] = [part for part in site.owned(row) if not part.inward]
            assert weight[index].numel() == row.sum() * tiny.HIDDEN
            weight[index] = 0
    torch.testing.assert_close(logits(model), expected)


def test_what_an_ffn_trains_are_its_weights_and_no_bias(model):
    names = {id(p): name for name, p in model.named_parameters()}
    trainable = [names[id(p)] for site in ffn_sites(model) for p in site.trainable]
    projection = re.compile(r"mlp\.(gate_proj|up_proj|gate_up_proj|down_proj)\.weight$")
    assert sorted(trainable) == sorted(filter(projection.search, names.values()))


def test_the_residual_stream_answers_the_same_questions(model):
    with torch.no_grad():
        states = model(IDS, output_hidden_states=True).hidden_states
    seen = []
    with observed(residual_sites(model), lambda _, stream: seen.append(stream)):
        logits(model)
    assert all(torch.equal(a, b) for a, b in zip(seen, states[:-1], strict=True))
    first, second = residual_sites(model)[:2]
    with first.intervene(lambda stream: 2 * stream), second.observe(seen.append):
        logits(model)
    assert not torch.equal(seen[-1], states[1])


def test_a_site_is_left_clean_after_an_error(model):
    with pytest.raises(KeyboardInterrupt), ExitStack() as contexts:
        contexts.enter_context(intervened(model, MASK, lambda neurons, activations: activations))
        contexts.enter_context(observed(residual_sites(model), lambda _, stream: None))
        raise KeyboardInterrupt
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_nothing_else_of_the_library_hooks_modules_or_opens_an_ffn():
    opened = re.compile(r"register_(forward|full_backward)|(down|gate|up)_proj\b[.\"']")
    library = Path(sites.__file__).parents[1]
    found = [
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if opened.search(path.read_text())
    ]
    assert sorted(found) == [
        "models/experts.py",
        "models/ffn.py",
        "models/mixtures.py",
        "models/positions.py",
        "models/site.py",
        "models/writes.py",
    ]
