"""A neuron that is held beyond its safe mean, in units of its own gap; and its cells."""

import numpy as np
import pytest
import torch

import mixtures
import tiny
from safeneuron.interventions.pin_gap import PinGap
from safeneuron.interventions.settings import SingleCells
from safeneuron.interventions.single_cells import single_cells

RNG = np.random.default_rng(2)
MEANS = RNG.normal(size=(2, tiny.LAYERS, tiny.NEURONS))
PLACE = (1, 5)
PROMPTS = tiny.token_prompts(5, seed=8)
CELLS = SingleCells(control_seeds=[0, 3], operator=PinGap(strengths=[2.0, -1.0]))


@torch.no_grad()
def held_by_hand(place, value):
    """The logits of a model whose neuron is a constant: its column goes into the layer's sum."""
    model = tiny.build()

    def add(_, args, output):
        column = model.model.layers[place[0]].mlp.down_proj.weight[:, place[1]]
        return output + (value - args[0][..., place[1], None]) * column

    model.model.layers[place[0]].mlp.down_proj.register_forward_hook(add)
    return tiny.logits(model, PROMPTS)


@pytest.mark.parametrize("strength", [2.0, -1.0])
def test_the_neuron_is_its_safe_mean_less_so_many_gaps(strength):
    model, mask = tiny.build(), np.zeros((tiny.LAYERS, tiny.NEURONS), dtype=bool)
    mask[PLACE] = True
    operator = CELLS.operator
    unsafe, safe = MEANS[:, *PLACE]
    with operator.applied(model, operator.on(mask, MEANS), strength):
        attacked = tiny.logits(model, PROMPTS)
    expected = held_by_hand(PLACE, float(safe - strength * (unsafe - safe)))
    for of, by_hand in zip(attacked, expected, strict=True):
        torch.testing.assert_close(of, by_hand, rtol=1e-3, atol=1e-3)
    before = tiny.logits(tiny.build(), PROMPTS)
    for of, clean in zip(tiny.logits(model, PROMPTS), before, strict=True):
        assert torch.equal(of, clean)


@torch.no_grad()
def test_a_layer_that_is_narrower_than_others_has_constants_of_its_own():
    kind = "qwen3_moe_beside_dense"
    model, layers = mixtures.build(kind), mixtures.ALL[kind].neurons
    assert layers[0] < layers[1]
    means = np.stack([np.full((2, max(layers)), mean) for mean in (3.0, 1.0)])
    mask, seen = np.zeros((2, max(layers)), dtype=bool), []
    mask[0, 5] = True
    down = mixtures.gated(mixtures.ffn_of(model, kind, 0))[-1]
    with CELLS.operator.applied(model, CELLS.operator.on(mask, means), 2.0):
        hook = down.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        model(input_ids=torch.tensor([[3, 4, 5]]))
    hook.remove()
    assert (seen[0][..., 5] == 1 - 2 * (3 - 1)).all()
    assert not (seen[0][..., :5] == 1 - 2 * (3 - 1)).any()


def test_the_neuron_is_zeroed_and_held_each_beside_a_neuron_of_its_layer():
    cells = list(single_cells(PLACE, MEANS, CELLS))
    seen = [(c.intervention.operator.kind, c.intervention.strength, c.control_seed) for c in cells]
    assert seen == [
        (kind, strength, seed)
        for kind, strength in (("zero_ablate", None), ("pin_gap", 2.0), ("pin_gap", -1.0))
        for seed in (None, 0, 3)
    ]
    for cell in cells:
        target = cell.intervention.target
        mask = target[0] > 0 if target.ndim == 3 else target
        (place,) = np.argwhere(mask)
        assert (tuple(place) == PLACE) == (cell.control_seed is None)
        assert place[0] == PLACE[0]
        assert (cell.target, cell.fraction, cell.intervention.neurons) == ("single", None, 1)
        if target.ndim == 3:  # a control is held at constants of its own
            np.testing.assert_array_equal(target[1:], MEANS)


def test_means_are_of_these_neurons():
    mask = np.zeros((tiny.LAYERS, tiny.NEURONS), dtype=bool)
    with pytest.raises(ValueError, match="means of shape None"):
        CELLS.operator.on(mask, None)
    with pytest.raises(ValueError, match="for neurons of shape"):
        CELLS.operator.on(mask, MEANS[:, :1])
