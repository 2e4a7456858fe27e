"""Ways in which freezing is known to fail, each done on purpose and each found by the report."""

import copy

import numpy as np
import pytest
import torch

from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from unit.alignment.plain_dpo import learning_rate
from unit.alignment.rounds import MASK, SETTINGS, build, owned_elements, plan_of, train


@pytest.fixture
def without_restoring(monkeypatch):
    """Gradients are masked, but nothing puts the slices back after a step."""
    monkeypatch.setattr(FrozenSlices, "restore", lambda self: None)


def largest_frozen_weight(model):
    frozen = owned_elements(model, MASK)
    return max(
        p[frozen[name]].abs().max().item()
        for name, p in model.named_parameters()
        if frozen[name].any()
    )


def test_weight_decay_moves_slices_that_are_not_restored(without_restoring, tmp_path):
    trained = train("freeze", tmp_path, weight_decay=0.05)
    report = freeze_report(trained.model, trained.before, MASK)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        report.check()
    kept = np.prod([1 - 0.05 * learning_rate(SETTINGS, step) for step in range(SETTINGS.steps)])
    decay = largest_frozen_weight(trained.before) * (1 - kept)
    assert report.frozen_max_change == pytest.approx(decay, rel=0.01)


def test_without_weight_decay_masked_gradients_are_enough(without_restoring, tmp_path):
    trained = train("freeze", tmp_path, weight_decay=0.0)
    freeze_report(trained.model, trained.before, MASK).check()


def test_restoring_is_enough_even_if_gradients_are_not_masked(monkeypatch, tmp_path):
    masked = FrozenSlices.__init__

    def unmasked(self, *arguments):
        masked(self, *arguments)
        self.release()

    monkeypatch.setattr(FrozenSlices, "__init__", unmasked)
    trained = train("freeze", tmp_path)
    freeze_report(trained.model, trained.before, MASK).check()


@pytest.mark.parametrize("restored", [False, True])
def test_momentum_from_before_moves_slices_that_are_not_restored(restored):
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    tokens = torch.tensor([[3, 4, 5, 6, 7]])

    def step():
        optimizer.zero_grad()
        model(tokens, labels=tokens).loss.backward()
        optimizer.step()

    step()
    before = copy.deepcopy(model)
    frozen = FrozenSlices(frozen_slices(model, MASK))
    step()
    if restored:
        frozen.restore()
        freeze_report(model, before, MASK).check()
    else:
        with pytest.raises(FreezeViolationError, match="frozen weights moved"):
            freeze_report(model, before, MASK).check()


@pytest.mark.parametrize("shift", [1, -1])
def test_a_mask_that_is_off_by_one_neuron_is_found(shift, tmp_path):
    shifted = np.roll(MASK, shift, axis=1)
    trained = train(plan_of("freeze", frozen=shifted), tmp_path)
    freeze_report(trained.model, trained.before, shifted).check()
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, MASK).check()


def test_a_mask_that_is_off_by_one_layer_is_found(tmp_path):
    trained = train(plan_of("freeze", frozen=MASK[::-1].copy()), tmp_path)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, MASK).check()


def test_one_neuron_too_few_is_found(tmp_path):
    fewer = MASK.copy()
    fewer[1, np.flatnonzero(MASK[1])[-1]] = False
    trained = train(plan_of("freeze", frozen=fewer), tmp_path)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, MASK).check()


def test_a_learning_rate_too_small_to_move_anything_is_found(tmp_path):
    trained = train("freeze", tmp_path, learning_rate=1e-30)
    with pytest.raises(FreezeViolationError, match="nothing trained"):
        freeze_report(trained.model, trained.before, MASK).check()


def test_a_plan_that_lets_nothing_train_is_found(tmp_path):
    plan = plan_of("sn_tune", frozen=np.ones_like(MASK))
    trained = train(plan, tmp_path)
    report = freeze_report(trained.model, trained.before, plan.frozen)
    assert report.free_elements == 0
    with pytest.raises(FreezeViolationError, match="nothing trained"):
        report.check()
