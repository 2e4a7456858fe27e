"""Training cannot move a frozen neuron by one bit, and moves everything else."""

import copy

import numpy as np
import pytest
import torch

from safeneuron.alignment.freeze_proof import freeze_report
from unit.alignment.rounds import (
    MASK,
    build,
    moved_elements,
    owned_elements,
    plan_of,
    train,
)

FREEZING = ("freeze", "freeze_ablate", "random_freeze")
EMBEDDINGS = "model.embed_tokens.weight"


def moved_of(a_round, mask):
    """What moved of the elements that a mask's neurons own, and of all others."""
    owned = owned_elements(a_round.model, mask)
    moved = moved_elements(a_round)
    mine = torch.cat([moved[name][elements] for name, elements in owned.items()])
    others = torch.cat([moved[name][~elements] for name, elements in owned.items()])
    return mine, others


@pytest.mark.parametrize("method", FREEZING)
def test_frozen_neurons_do_not_move_by_one_bit_and_the_rest_does(method, tmp_path):
    plan = plan_of(method)
    trained = train(plan, tmp_path, weight_decay=0.05)
    frozen = owned_elements(trained.model, plan.frozen)
    for name, moved in moved_elements(trained).items():
        assert not moved[frozen[name]].any()
        if name == EMBEDDINGS:
            assert not moved.any()
        else:
            assert moved[~frozen[name]].float().mean() > 0.99


@pytest.mark.parametrize("method", FREEZING)
def test_the_report_of_a_training_agrees_with_the_weights(method, tmp_path):
    plan = plan_of(method)
    trained = train(plan, tmp_path)
    report = freeze_report(trained.model, trained.before, plan.frozen)
    report.check()
    frozen = owned_elements(trained.model, plan.frozen)
    then = dict(trained.before.named_parameters())
    changes = np.concatenate(
        [
            (p - then[name]).detach().abs()[~frozen[name]].double().numpy()
            for name, p in trained.model.named_parameters()
            if name != EMBEDDINGS
        ]
    )
    assert report.frozen_elements == sum(int(elements.sum()) for elements in frozen.values())
    assert report.frozen_max_change == 0.0
    assert report.frozen_sha256_before == report.frozen_sha256_after
    assert report.free_elements == len(changes)
    assert report.free_moved == np.mean(changes > 0)
    assert report.free_mean_change == pytest.approx(changes.mean(), rel=1e-9)


@pytest.mark.parametrize("model", [{"family": "llama", "mlp_bias": True}, {"family": "phi3"}])
@pytest.mark.parametrize("method", ["freeze", "freeze_ablate", "sn_tune"])
def test_biases_and_fused_projections_are_frozen_too(method, model, tmp_path):
    model = build(**model)
    plan = plan_of(method)
    trained = train(plan, tmp_path, model)
    mine, others = moved_of(trained, plan.frozen)
    assert not mine.any()
    assert others.any()
    freeze_report(trained.model, trained.before, plan.frozen).check()


def test_sn_tune_moves_the_identified_neurons_and_nothing_else(tmp_path):
    trained = train("sn_tune", tmp_path)
    identified, others = moved_of(trained, MASK)
    assert identified.float().mean() > 0.99
    assert not others.any()
    report = freeze_report(trained.model, trained.before, plan_of("sn_tune").frozen)
    report.check()
    assert report.free_elements == len(identified)


def test_random_freeze_moves_identified_neurons_that_it_did_not_draw(tmp_path):
    plan = plan_of("random_freeze")
    identified, _ = moved_of(train(plan, tmp_path), MASK & ~plan.frozen)
    assert identified.float().mean() > 0.99


@pytest.mark.parametrize("method", ["dpo", "ablate", "random_ablate"])
def test_arms_that_do_not_freeze_move_the_identified_neurons(method, tmp_path):
    identified, _ = moved_of(train(method, tmp_path), MASK)
    assert identified.float().mean() > 0.99


def test_frozen_slices_are_those_of_this_round_and_not_of_the_last(tmp_path):
    first = train("dpo", tmp_path / "1")
    second = train("freeze", tmp_path / "2", copy.deepcopy(first.model))
    mine, others = moved_of(second, MASK)
    assert not mine.any()
    assert others.any()


def test_a_model_that_was_frozen_once_trains_freely_afterwards(tmp_path):
    first = train("freeze", tmp_path / "1")
    identified, _ = moved_of(train("dpo", tmp_path / "2", first.model), MASK)
    assert identified.float().mean() > 0.99
