"""Where neurons are in a checkpoint, told by the names and shapes of its tensors."""

import numpy as np
import pytest
import torch

import families
from safeneuron.alignment.expert_weights import laid_out
from safeneuron.alignment.neuron_weights import (
    Part,
    Sizes,
    UnaccountedNeuronsError,
    neuron_parts,
)

SIZES = Sizes(layers=2, neurons=6, hidden=4)
ATTENTION = {"self_attn.q_proj.weight": (6, 4), "self_attn.o_proj.weight": (4, 6)}
GATED = {"gate_proj.weight": (6, 4), "up_proj.weight": (6, 4), "down_proj.weight": (4, 6)}
FUSED = {"gate_up_proj.weight": (12, 4), "down_proj.weight": (4, 6)}


def stack(ffn, layers=SIZES.layers, name="model.layers"):
    """Shapes of a stack of layers with attention of misleading shapes."""
    tensors = ATTENTION | {f"mlp.{tensor}": shape for tensor, shape in ffn.items()}
    return {f"{name}.{n}.{tensor}": tensors[tensor] for n in range(layers) for tensor in tensors}


def parts_of(ffn):
    """Tensor of an FFN -> its part in layer 1."""
    found = neuron_parts(stack(ffn), SIZES)
    prefix = "model.layers.1.mlp."
    return {n.removeprefix(prefix): p for n, p in found.items() if n.startswith(prefix)}


def test_a_neuron_is_a_row_of_the_gate_a_row_of_up_and_a_column_of_down():
    assert parts_of(GATED) == {
        "gate_proj.weight": Part(1, 0, 1),
        "up_proj.weight": Part(1, 0, 1),
        "down_proj.weight": Part(1, 1, 1),
    }


def test_a_neuron_is_two_rows_of_a_fused_weight():
    parts = parts_of(FUSED)
    assert parts["gate_up_proj.weight"] == Part(1, 0, 2)
    row = np.array([False, True, False, False, True, False])
    assert parts["gate_up_proj.weight"].indices(row).tolist() == [1, 4, 7, 10]
    assert parts["down_proj.weight"].indices(row).tolist() == [1, 4]


def test_inward_biases_are_the_neurons_and_the_outward_one_is_not():
    biases = {"gate_proj.bias": (6,), "up_proj.bias": (6,), "down_proj.bias": (4,)}
    parts = parts_of(GATED | biases)
    assert parts["gate_proj.bias"] == parts["up_proj.bias"] == Part(1, 0, 1)
    assert "down_proj.bias" not in parts


def test_without_a_gate_a_neuron_is_one_row_and_one_column():
    ungated = {"fc1.weight": (6, 4), "fc1.bias": (6,), "fc2.weight": (4, 6), "fc2.bias": (4,)}
    assert parts_of(ungated) == {
        "fc1.weight": Part(1, 0, 1),
        "fc1.bias": Part(1, 0, 1),
        "fc2.weight": Part(1, 1, 1),
    }


def test_a_square_weight_reads_neurons_if_its_name_says_down():
    square = Sizes(2, 4, 4)
    names = ("gate_proj", "up_proj", "down_proj")
    parts = neuron_parts(stack({f"{name}.weight": (4, 4) for name in names}), square)
    assert [parts[f"model.layers.0.mlp.{name}.weight"].dim for name in names] == [0, 0, 1]


@pytest.mark.parametrize("neurons", [6, 4])
def test_weights_of_columns_first_are_told_by_the_names(neurons):
    stored = {"c_fc.weight": (4, neurons), "c_fc.bias": (neurons,), "c_proj.weight": (neurons, 4)}
    parts = neuron_parts(stack(stored, name="h"), Sizes(2, neurons, 4, transposed=True))
    assert {name.removeprefix("h.1.mlp."): p for name, p in parts.items() if p.layer == 1} == {
        "c_fc.weight": Part(1, 0, 1, True),
        "c_fc.bias": Part(1, 0, 1, True),
        "c_proj.weight": Part(1, 1, 1, True),
    }
    weight = torch.arange(8).view(2, 4)
    assert torch.equal(laid_out(weight, parts["h.1.mlp.c_fc.weight"]), weight.T)
    assert torch.equal(laid_out(weight[0], parts["h.1.mlp.c_fc.bias"]), weight[0])


def test_a_vision_tower_of_other_sizes_is_not_looked_at():
    tower = {"fc1.weight": (8, 3), "fc2.weight": (3, 8)}
    shapes = stack(GATED) | stack(tower, layers=5, name="vision_tower.encoder.layers")
    assert neuron_parts(shapes, SIZES).keys() == neuron_parts(stack(GATED), SIZES).keys()


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        (stack(GATED, layers=1), r"FFNs in layers \[0\], not .*layers=2"),
        (stack(GATED, layers=3), r"FFNs in layers \[0, 1, 2\]"),
        ({**stack(GATED), "model.layers.1.mlp.up_proj.weight": (5, 4)}, "layers.1 has 1 numbers"),
        ({**stack(GATED), "model.layers.0.mlp.down_proj.weight": (4, 5)}, "2 numbers inward and 0"),
        ({**stack(GATED), "model.layers.1.mlp.router.weight": (8, 4)}, r"no neuron: .*router"),
        # a gate that one layer lacks
        (
            {n: s for n, s in stack(GATED).items() if n != "model.layers.1.mlp.gate_proj.weight"},
            r"layers.1 has 1 numbers inward and 1 outward .* as layer 0 has \(\(2, 1\)\)",
        ),
        (stack(GATED | {"third.weight": (6, 4)}), "3 numbers inward"),
        (stack({"gate_proj.weight": (6, 4)}), "0 stacks"),
        (stack(GATED) | stack(GATED, name="tower.layers"), "2 stacks .*'tower.layers'"),
        ({}, "0 stacks"),
    ],
)
def test_tensors_that_do_not_add_up_are_an_error(shapes, says):
    with pytest.raises(UnaccountedNeuronsError, match=says):
        neuron_parts(shapes, SIZES)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_every_family_is_accounted_for(family):
    shapes = {name: weight.shape for name, weight in families.build(family).named_parameters()}
    sizes = Sizes(families.LAYERS, families.NEURONS, families.HIDDEN, transposed=family == "gpt2")
    parts = neuron_parts(shapes, sizes)
    layers = {name: m[1] for name in shapes if (m := families.FFN_WEIGHT.search(name))}
    weights = {name: part for name, part in parts.items() if name.endswith(".weight")}
    assert {name: str(part.layer) for name, part in weights.items()} == layers
    outward = [f"{name}.weight" for name in families.OUTWARD]
    assert all((part.dim == 1) == name.endswith(tuple(outward)) for name, part in weights.items())
    biases = {name.removesuffix("weight") + "bias" for name in layers}
    biases -= {name.removesuffix("weight") + "bias" for name in layers if weights[name].dim == 1}
    assert parts.keys() - weights.keys() == biases & shapes.keys()
    inward = families.FAMILIES[family].inward
    of_one = [part.times for part in weights.values() if (part.layer, part.dim) == (0, 0)]
    assert (len(of_one), sum(of_one)) == (len(inward), families.FAMILIES[family].numbers)
