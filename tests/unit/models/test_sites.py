import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, MixtralConfig, MixtralForCausalLM

import tiny
from safeneuron.models.sites import UnsupportedArchitectureError, ffn_sites


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_sites_come_layer_by_layer_with_their_neurons(family):
    model = tiny.build(family)
    sites = ffn_sites(model)
    assert [site.layer for site in sites] == [0, 1]
    assert [site.neurons for site in sites] == [tiny.NEURONS] * 2
    assert all(
        site.down is layer.mlp.down_proj
        for site, layer in zip(sites, model.model.layers, strict=True)
    )


@pytest.mark.parametrize(
    ("family", "offset"), [("llama", 0), ("qwen2", 0), ("phi3", tiny.NEURONS), ("gemma2", 0)]
)
def test_a_neuron_is_the_gated_product_of_its_gate_row_and_its_up_row(family, offset):
    model = tiny.build(family)
    for site, layer in zip(ffn_sites(model), model.model.layers, strict=True):
        assert site.up_offset == offset
        seen = {}
        site.down.register_forward_pre_hook(lambda _, inputs, s=seen: s.update(neurons=inputs[0]))
        hidden = torch.randn(1, 3, tiny.HIDDEN)
        layer.mlp(hidden)
        gate = site.gate.weight[: tiny.NEURONS]
        up = site.up.weight[site.up_offset : site.up_offset + tiny.NEURONS]
        activation = torch.nn.GELU("tanh") if family == "gemma2" else torch.nn.SiLU()
        expected = activation(hidden @ gate.T) * (hidden @ up.T)
        torch.testing.assert_close(seen["neurons"], expected, rtol=1e-5, atol=1e-5)


def test_a_mixture_of_experts_is_an_error_that_shows_the_layers_modules():
    config = MixtralConfig(
        vocab_size=tiny.VOCABULARY, hidden_size=tiny.HIDDEN, intermediate_size=tiny.NEURONS,
        num_hidden_layers=tiny.LAYERS, num_attention_heads=2, num_key_value_heads=2,
        num_local_experts=2, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with pytest.raises(UnsupportedArchitectureError) as error:
        ffn_sites(MixtralForCausalLM(config))
    message = str(error.value)
    assert message.startswith("MixtralForCausalLM: layer 0 has no gated FFN")
    assert "mixture-of-experts" in message
    assert "mlp.experts" in message


def test_gpt2_is_an_error_that_shows_the_decoders_children():
    config = GPT2Config(
        vocab_size=tiny.VOCABULARY, n_embd=tiny.HIDDEN, n_layer=2, n_head=2,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    with pytest.raises(UnsupportedArchitectureError, match=r"GPT2LMHeadModel.*'layers'.*'h'"):
        ffn_sites(GPT2LMHeadModel(config))


def test_a_single_layer_without_a_gate_is_an_error_that_names_it():
    model = tiny.build("llama")
    del model.model.layers[1].mlp.gate_proj
    with pytest.raises(UnsupportedArchitectureError, match="layer 1 has no gated FFN"):
        ffn_sites(model)
