"""The proof stands by itself: a freeze of the wrong elements is found, and decay is no training."""

import copy
import re

import numpy as np
import pytest
import torch

import families
from safeneuron.alignment import freezing, lora
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.settings import LoRA
from safeneuron.alignment.weight_decay import decay_shares
from safeneuron.models import sites
from unit.alignment.plain_dpo import learning_rate
from unit.alignment.rounds import MASK, SETTINGS, build, changed, train


def off_by_one(model, mask):
    return sites.owned(model, np.roll(mask, 1, axis=1))


def without_down(model, mask):
    return [part for part in sites.owned(model, mask) if part.inward]


def without_second_half_of_fused(model, mask):
    return [
        part._replace(where=(part.where[0][: len(part.where[0]) // 2],)) if part.inward else part
        for part in sites.owned(model, mask)
    ]


def without_a_layer(model, mask):
    return sites.owned(model, mask & (np.arange(len(mask)) != 1)[:, None])


def without_a_neuron(model, mask):
    fewer = mask.copy()
    fewer[1, np.flatnonzero(mask[1])[-1]] = False
    return sites.owned(model, fewer)


@pytest.mark.parametrize("family", ["llama", "phi3"])
@pytest.mark.parametrize("low_rank", [None, LoRA(rank=4, alpha=8)])
@pytest.mark.parametrize(
    "broken",
    [off_by_one, without_down, without_second_half_of_fused, without_a_layer, without_a_neuron],
)
def test_a_freeze_of_the_wrong_elements_is_found(broken, low_rank, family, monkeypatch, tmp_path):
    for module in (freezing, lora):
        monkeypatch.setattr(module, "owned", broken)
    trained = train("freeze", tmp_path, build(family), lora=low_rank, steps=2)
    report = freeze_report(trained.model, trained.before, MASK)
    assert 0 < report.frozen_moved <= report.frozen_neurons == MASK.sum()
    with pytest.raises(FreezeViolationError, match=rf"{report.frozen_moved} of {MASK.sum()} neur"):
        report.check()


OUTWARD = tuple(f"{name}.weight" for name in families.OUTWARD)


def inward_biases(model):
    """The names of the biases that neurons have."""
    weights = [n for n, _ in model.named_parameters() if families.FFN_WEIGHT.search(n)]
    inward = {n.removesuffix("weight") + "bias" for n in weights if not n.endswith(OUTWARD)}
    return inward & dict(model.named_parameters()).keys()


def norm_of(model):
    """The name of a norm's weight in the language decoder's first layer."""
    names = [name for name, _ in model.named_parameters() if "vis" not in name]
    return next(name for name in names if re.search(r"(layers|h)\.0\..*(norm|ln_1)\.weight$", name))


@pytest.mark.parametrize("family", families.FAMILIES)
class TestEveryFamily:
    def test_each_frozen_neuron_is_compared_whole_and_counted(self, family):
        before, model = families.build(family), families.build(family)
        for name, weight in model.named_parameters():
            if families.FFN_WEIGHT.search(name):  # all of neuron 5 in all layers
                along = 1 if name.endswith(OUTWARD) else 0
                rows = families.by_rows(family, weight.data)
                neurons = torch.arange(rows.shape[along]) % families.NEURONS == 5
                rows[(slice(None),) * along + (neurons,)] += 1
        mask = np.zeros((families.LAYERS, families.NEURONS), dtype=bool)
        mask[0, 4] = mask[1, 5] = mask[1, 7] = True
        report = freeze_report(model, before, mask)
        weights = (families.FAMILIES[family].numbers + 1) * families.HIDDEN
        biases = sum(".0.mlp" in n for n in inward_biases(model))
        assert (report.frozen_neurons, report.neuron_elements) == (3, weights + biases)
        assert (report.frozen_elements, report.frozen_moved) == (3 * (weights + biases), 1)
        # of layer 0's neuron 5, which is free
        assert report.free_moved * report.free_elements == pytest.approx(weights)
        with pytest.raises(FreezeViolationError, match="frozen weights moved: 1 of 3 neurons"):
            report.check()

    def test_a_weight_that_does_not_train_must_not_move(self, family):
        before, model = families.build(family), families.build(family)
        towers = [p for n, p in model.named_parameters() if "vis" in n]
        untrained = towers or [model.get_input_embeddings().weight]
        for weight in untrained:
            weight.requires_grad_(False)
        dict(model.named_parameters())[norm_of(model)].data += 1  # trains, and is no neuron's
        mask = np.zeros((families.LAYERS, families.NEURONS), dtype=bool)
        report = freeze_report(model, before, mask)
        assert report.constant_elements == sum(weight.numel() for weight in untrained)
        report.check()
        untrained[-1].data.flatten()[0] += 1
        with pytest.raises(FreezeViolationError, match="do not train moved: 1 of"):
            freeze_report(model, before, mask).check()


def test_elements_that_are_not_of_whole_neurons_are_found():
    before = build()
    model = copy.deepcopy(before)
    model.lm_head.weight.data += 1
    report = freeze_report(model, before, MASK)
    report.check()
    vars(report)["frozen_elements"] -= 1
    with pytest.raises(FreezeViolationError, match=r"elements were compared, not 96 of each of"):
        report.check()


def test_other_checkpoints_and_masks_are_not_compared():
    with pytest.raises(ValueError, match=r"differ in names, shapes or dtypes of .*embed_tokens"):
        freeze_report(build(), build().to(torch.bfloat16), MASK)
    with pytest.raises(ValueError, match=r"a mask of shape \(1, 48\)"):
        freeze_report(build(), build(), MASK[:1])


class TestWeightDecayAlone:
    def test_is_no_training(self, without_gradients, tmp_path):
        trained = train("freeze", tmp_path)
        report = freeze_report(
            trained.model, trained.before, MASK, decay_shares(trained.steps, SETTINGS.weight_decay)
        )
        assert report.free_moved > 0.9
        assert report.free_trained == 0.0
        with pytest.raises(FreezeViolationError, match=r"nothing trained: .* a share of 0\.9"):
            report.check()

    def test_does_not_hide_a_training(self, tmp_path):
        trained = train("freeze", tmp_path)
        report = freeze_report(
            trained.model, trained.before, MASK, decay_shares(trained.steps, SETTINGS.weight_decay)
        )
        assert 0.95 < report.free_trained < report.free_moved
        report.check()

    def test_is_told_from_training_element_by_element(self):
        before, model = build(), build()
        weight, start = model.lm_head.weight.data, before.lm_head.weight.data
        start[:, :4] = torch.tensor([0.5, -0.5, 0.5, -0.5])
        weight[:, :4] = torch.tensor([0.4, -0.4, 0.39, -0.41])  # 0.41 is on the way to 0.4
        report = freeze_report(model, before, MASK, [0.1, 0.0, 1 - 0.8 / 0.9])
        assert report.free_moved * report.free_elements == pytest.approx(4 * len(weight))
        assert report.free_trained * report.free_elements == pytest.approx(len(weight))

    def test_of_half_precision_is_rounded_as_the_checkpoint_is(self):
        decay = [1e-3] * 20
        before = build().to(torch.bfloat16)
        model = copy.deepcopy(before)
        for weight in model.parameters():
            decayed = weight.data.float()
            for share in decay:
                decayed *= 1 - share
            weight.data = decayed.to(torch.bfloat16)
        report = freeze_report(model, before, np.zeros_like(MASK), decay)
        assert (report.free_moved > 0.9, report.free_trained) == (True, 0.0)


def test_the_shares_that_decay_takes_follow_the_learning_rate(tmp_path):
    trained = train("dpo", tmp_path, weight_decay=0.2, steps=3)
    rates = [learning_rate(changed(steps=3), step) for step in range(3)]
    assert decay_shares(trained.steps, 0.2) == pytest.approx(
        [0.2 * rate for rate in rates], rel=1e-6
    )
