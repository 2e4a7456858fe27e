"""Directions removed from the residual stream: by hooks, by weights, and from all that is read."""

import numpy as np
import pytest
import torch

import families
import tiny
from safeneuron.directions.projection import projected_out
from safeneuron.models.sites import UnsupportedArchitectureError, decoder_layers
from safeneuron.models.writes import parts

IDS = torch.tensor([[3, 1, 4, 1, 5, 9], [9, 2, 6, 5, 3, 5]])
ROWS = np.linalg.qr(np.random.default_rng(0).normal(size=(tiny.HIDDEN, 3)))[0].T
MATRIX = torch.from_numpy(ROWS).float()


@torch.no_grad()
def build(family="llama"):
    """With gains of norms that differ, as after training: they turn what is read of the stream."""
    model = tiny.build(family, tie_word_embeddings=False)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.5)
    return model


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


@torch.no_grad()
def stream(model):
    """What each layer is given, and what the last one gives, before the norm."""
    seen = []
    layers = decoder_layers(model)
    hooks = [
        layer.register_forward_hook(
            lambda _, args, out: seen.append(out if isinstance(out, torch.Tensor) else out[0])
        )
        for layer in layers
    ]
    hooks.append(layers[0].register_forward_pre_hook(lambda _, args: seen.insert(0, args[0])))
    model(input_ids=IDS)
    for hook in hooks:
        hook.remove()
    return torch.stack(seen)


@torch.no_grad()
def write_into_weights(model, reading=False):
    """Edit Llama's matrices: those that write (Arditi et al. 2024, Eq. 5), and those that read."""
    keep = torch.eye(tiny.HIDDEN) - MATRIX.T @ MATRIX
    embedding = model.get_input_embeddings().weight
    embedding.copy_(embedding @ keep)
    for layer in model.model.layers:
        for writer in (layer.self_attn.o_proj, layer.mlp.down_proj):
            writer.weight.copy_(keep @ writer.weight)
        attention = layer.self_attn
        readers = (attention.q_proj, attention.k_proj, attention.v_proj)
        for reader in (*readers, layer.mlp.gate_proj, layer.mlp.up_proj) if reading else ():
            reader.weight.copy_(reader.weight @ keep)


@pytest.mark.parametrize("reading", [False, True])
def test_the_hooks_give_the_logits_of_the_edited_weights(reading):
    model = build()
    clean = logits(model)
    with projected_out(model, ROWS, reading):
        hooked = logits(model)
    write_into_weights(model, reading)
    torch.testing.assert_close(hooked, logits(model), rtol=0, atol=2e-5)
    assert (hooked - clean).abs().max() > 0.1


def test_reading_too_is_another_model():
    model = build()
    with projected_out(model, ROWS):
        write = logits(model)
    with projected_out(model, ROWS, reading=True):
        assert (logits(model) - write).abs().max() > 0.1


def test_a_model_of_several_streams_is_refused():
    model = families.build("gemma3n")
    with (
        pytest.raises(UnsupportedArchitectureError, match="given 2 streams at once"),
        projected_out(model, ROWS),
    ):
        pass
    assert not any(module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("name", families.OF_ONE_STREAM)
def test_nothing_is_left_of_the_directions_anywhere_in_the_stream_of_any_family(name):
    model = families.build(name)
    for parameter_name, parameter in model.named_parameters():
        if "norm" in parameter_name:  # one that writes turns the stream only if its gains differ
            torch.nn.init.normal_(parameter, mean=1.0, std=0.5)
    along = stream(model) @ MATRIX.T
    assert (along.square().mean(dim=(1, 2, 3)) > 1e-6).all()
    clean = logits(model)
    with projected_out(model, ROWS):
        # rounding of what a layer adds, which for Gemma is more than a hundred
        bound = 1e-5 * stream(model).abs().max()
        assert ((stream(model) @ MATRIX.T).abs() < bound).all()
        assert not torch.equal(logits(model), clean)


def test_the_norm_that_follows_a_part_is_what_writes():
    model = tiny.build("gemma2")
    names = {module: name for name, module in model.named_modules()}
    assert [(names[part.reader], names[part.writer]) for part in parts(model)] == [
        (f"model.layers.{layer}.{reader}", f"model.layers.{layer}.{writer}")
        for layer in range(tiny.LAYERS)
        for reader, writer in (
            ("self_attn", "post_attention_layernorm"),
            ("mlp", "post_feedforward_layernorm"),
        )
    ]


def test_the_model_is_to_the_bit_as_it_was_and_has_no_hooks():
    model = tiny.build()
    before, clean = {n: p.clone() for n, p in model.named_parameters()}, logits(model)
    with pytest.raises(RuntimeError, match="on the way"), projected_out(model, ROWS, True):
        raise RuntimeError("on the way")
    assert torch.equal(logits(model), clean)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_no_directions_are_no_intervention():
    model = tiny.build()
    clean = logits(model)
    with projected_out(model, ROWS[:0]):
        assert torch.equal(logits(model), clean)


@pytest.mark.parametrize(
    ("directions", "said"),
    [(2 * ROWS, "not orthonormal"), (ROWS[:, 1:], "for a stream of width 32"), (ROWS[0], "shape")],
    ids=["long", "narrow", "flat"],
)
def test_directions_are_orthonormal_and_as_wide_as_the_stream(directions, said):
    with pytest.raises(ValueError, match=said), projected_out(tiny.build(), directions):
        pass


def test_what_writes_from_elsewhere_is_an_error_and_no_weaker_attack():
    model = tiny.build()
    layer = model.model.layers[0]
    layer.register_forward_hook(lambda _, args, out: out + MATRIX[0])
    with (
        pytest.raises(UnsupportedArchitectureError, match="something else writes"),
        projected_out(model, ROWS),
    ):
        pass
    assert not any(m._forward_pre_hooks for m in model.modules())


@torch.no_grad()
def test_the_rounding_of_numbers_that_come_and_go_is_no_write():
    """As in SmolLM2: an element of thousands, which the last layer takes out again."""
    model = tiny.build("llama", tie_word_embeddings=False)
    thousands = 3000.0
    model.get_input_embeddings().weight[:, 0] = thousands
    mlp = model.model.layers[-1].mlp
    read = tiny.HIDDEN**0.5  # what the norm makes of an element beside which all others are small
    mlp.gate_proj.weight[0] = mlp.up_proj.weight[0] = 0
    mlp.gate_proj.weight[0, 0] = mlp.up_proj.weight[0, 0] = 1
    neuron = read * float(torch.nn.functional.silu(torch.tensor(read)))
    mlp.down_proj.weight[:, 0] = 0
    mlp.down_proj.weight[0, 0] = -thousands / neuron
    model.bfloat16()
    with projected_out(model, ROWS):
        last = stream(model)[-1].float()
    # without the direction's part of it the element is thousands no more, and rounding is left
    left = (last @ MATRIX.T).square().mean().sqrt() / last.square().mean().sqrt()
    assert left > 0.01
