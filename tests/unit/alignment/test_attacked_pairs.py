"""Whose passes are attacked while a model trains."""

from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import pytest
import torch

import mixtures
from safeneuron.alignment.simulation import Simulation
from safeneuron.directions.projection import projected_out
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.rows import of_rows
from safeneuron.models.site import UnsupportedArchitectureError
from unit.alignment.plain_dpo import answer_distribution, round_loss
from unit.alignment.rounds import MASK, PAIRS, build, changed, hooks, plan_of, same_bits, train

BY_ID = {pair["pair_id"]: pair for pair in PAIRS}
BOTH = {"neurons": 1.0, "direction": 1.0, "prefill": 0.0}


@contextmanager
def under(model, directions):
    with zeroed(model, MASK), projected_out(model, directions):
        yield


@torch.no_grad()
@pytest.mark.parametrize("attacked", ["safety", "all"])
def test_the_attack_acts_on_the_passes_of_safety_pairs_or_of_all(
    attacked, removed, batches, tmp_path
):
    plan = plan_of("harden", shares=BOTH, attacked=attacked)
    changes = {"steps": 1, "batch_pairs": 8, "sft_weight": 0.0}
    with torch.enable_grad():
        trained = train(plan, tmp_path, **changes)
    model, reference, settings = trained.before, build(), changed(**changes)
    directions = np.linalg.qr(removed[0].double().numpy().T)[0].T
    dpo, divergence = [], []
    for pair in (BY_ID[name] for name in batches[0]["pair_ids"]):
        hit = attacked == "all" or pair["role"] == "safety"
        context = partial(under, model, directions) if hit else nullcontext
        alone = changed(settings, kl_weight=0.0)
        dpo.append(round_loss(model, reference, [pair], alone, context))
        if pair["role"] == "general":
            said = pair["prompt"], pair["chosen"]
            with context():
                p, _ = answer_distribution(model, *said)
            q, _ = answer_distribution(reference, *said)
            divergence.append((p.exp() * (p - q)).sum(-1))
    expected = torch.stack(dpo).mean() + settings.kl_weight * torch.cat(divergence).mean()
    assert trained.logged("loss")[0] == pytest.approx(expected.item(), rel=1e-5)
    assert (torch.cat(divergence).abs().max() > 1e-3) == (attacked == "all")


def test_another_batch_than_the_one_whose_rows_are_said_is_left_as_it_is():
    before, after = torch.zeros(4, 2, 3), torch.ones(4, 2, 3)
    rows = torch.tensor([True, False, False, True])
    assert of_rows(rows, before, after)[:, 0, 0].tolist() == [1, 0, 0, 1]
    assert of_rows(None, before, after) is after
    assert of_rows(rows, before[:3], after[:3]).sum() == 0


def test_neurons_of_experts_are_not_zeroed_for_some_prompts_alone():
    model = mixtures.build("mixtral")
    plan = plan_of("harden", zeroed=np.ones((1, 1), bool))
    with pytest.raises(UnsupportedArchitectureError, match="mixtures of experts, whose neurons"):
        Simulation(model, plan, 0, seed=1)
    assert hooks(model) == 0


@pytest.mark.parametrize(
    ("method", "attack"), [("direction_ablate", "direction"), ("recover", "prefill")]
)
def test_an_attack_that_is_never_drawn_leaves_plain_dpo_to_the_bit(method, attack, tmp_path):
    never, always = (
        train(plan_of(method, shares={attack: share}), tmp_path / str(share))
        for share in (0.0, 1.0)
    )
    plain = train("dpo", tmp_path / "plain")
    assert same_bits(never.model, plain.model)
    assert never.logged("loss") == plain.logged("loss")
    assert not same_bits(always.model, plain.model)
