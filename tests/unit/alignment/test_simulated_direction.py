"""Directions that are removed in training: those of the policy as it is, in the steps drawn."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

import tiny
from safeneuron.alignment import simulated_direction
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.parts import Asked, drawn
from safeneuron.alignment.settings import LoRA
from safeneuron.alignment.simulated_direction import SimulatedDirection
from safeneuron.directions.projection import Removal, projected_out
from safeneuron.models.sites import UnsupportedArchitectureError
from unit.alignment.plain_dpo import round_loss
from unit.alignment.rounds import (
    ASKED,
    MASK,
    PAIRS,
    TOKENIZER,
    build,
    changed,
    hooks,
    plan_of,
    same_bits,
    train,
)

BY_ID = {pair["pair_id"]: pair for pair in PAIRS}
ALWAYS, NEVER = ({"direction": share} for share in (1.0, 0.0))
SIX = {"steps": 6, "save_every": 3}


@torch.no_grad()
def difference_of_means(model, place):
    """Of what a place of the stream holds at the last token, prompt by prompt, of length 1."""
    seen = []
    layers = model.model.layers
    if place < len(layers):
        hook = layers[place].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    else:
        hook = layers[-1].register_forward_hook(
            lambda _, args, out: seen.append(out if torch.is_tensor(out) else out[0])
        )
    for ids in (*ASKED.unsafe, *ASKED.safe):
        model(torch.tensor([ids]))
    hook.remove()
    last = torch.stack([stream[0, -1].double() for stream in seen]).numpy()
    unsafe, safe = np.split(last, [len(ASKED.unsafe)])
    difference = unsafe.mean(axis=0) - safe.mean(axis=0)
    return difference / np.linalg.norm(difference)


@pytest.fixture
def removed(monkeypatch):
    """What trainings of this test removed, step by step: the place and the direction, or None."""
    seen = []
    begin = SimulatedDirection.begin_step

    def recorded(self, step, removing):
        begin(self, step, removing)
        direction = self._removal.direction
        place = None
        if direction is not None:
            (place,) = np.flatnonzero((self.directions == direction).all(dim=1).numpy())
        seen.append((place, direction if direction is None else direction.clone()))

    monkeypatch.setattr(SimulatedDirection, "begin_step", recorded)
    return seen


def test_the_direction_is_that_of_the_policy_at_the_last_refresh(removed, monkeypatch, tmp_path):
    policies = []
    refresh = SimulatedDirection._refresh

    def kept(self):
        policies.append(build())
        policies[-1].load_state_dict(self._model.state_dict())
        refresh(self)

    monkeypatch.setattr(SimulatedDirection, "_refresh", kept)
    train(plan_of("direction_ablate", shares=ALWAYS), tmp_path, steps=6)
    assert len(policies) == 3  # every second step
    for step, (place, direction) in enumerate(removed):
        expected = difference_of_means(policies[step // 2], place)
        np.testing.assert_allclose(direction.numpy(), expected, rtol=0, atol=1e-5)
    assert not torch.equal(removed[1][1], removed[3][1])


def test_places_are_drawn_alike_but_for_what_the_first_layer_is_given(tmp_path):
    """All prompts end in the same token of the template: there nothing tells the sides apart."""
    model = build()
    simulated = SimulatedDirection(model, ASKED, TOKENIZER.pad_token_id, seed=1)
    drawn_places = Counter()
    for step in (0, *range(1, 1200, 2)):  # found at the first alone
        simulated.begin_step(step, removing=True)
        direction = simulated._removal.direction
        drawn_places[np.flatnonzero((simulated.directions == direction).all(dim=1))[0]] += 1
    simulated.remove()
    assert set(drawn_places) == {1, 2}
    assert all(250 < count < 350 for count in drawn_places.values())


def test_a_step_has_the_loss_of_the_policy_without_the_direction(removed, batches, tmp_path):
    trained = train(plan_of("direction_ablate", shares=ALWAYS), tmp_path, steps=1)
    direction = removed[0][1].double().numpy()[None]
    clean = trained.before
    pairs = [BY_ID[name] for name in batches[0]["pair_ids"]]
    with torch.no_grad():
        expected, plain = (
            round_loss(clean, build(), pairs, changed(), context)
            for context in (
                lambda: projected_out(clean, direction / np.linalg.norm(direction)),
                lambda: projected_out(clean, direction[:0]),
            )
        )
    assert trained.logged("loss")[0] == pytest.approx(expected.item(), rel=1e-5)
    assert abs(expected - plain) > 0.01 * plain


def test_steps_without_it_are_those_of_an_arm_without_it_to_the_bit(tmp_path):
    never = train(plan_of("direction_ablate", shares=NEVER), tmp_path / "1")
    plain = train("dpo", tmp_path / "2")
    always = train(plan_of("direction_ablate", shares=ALWAYS), tmp_path / "3")
    assert same_bits(never.model, plain.model)
    assert never.logged("loss") == plain.logged("loss")
    assert not same_bits(always.model, plain.model)


def test_each_attack_has_its_share_of_the_steps_and_a_step_has_one():
    shares = {"neurons": 0.2, "direction": 0.35, "prefill": 0.15}
    plan, steps = plan_of("harden", shares=shares), 4000
    counts = Counter(plan.simulated(7, step) for step in range(steps))
    for attack, share in [*shares.items(), (None, 0.3)]:
        assert abs(counts[attack] / steps - share) < 5 * np.sqrt(share * (1 - share) / steps)
    again = [plan.simulated(7, step) for step in range(50)]
    assert again == [plan.simulated(7, step) for step in range(50)]
    assert again != [plan.simulated(8, step) for step in range(50)]


def test_steps_that_zero_are_those_of_an_arm_that_only_zeroes():
    alone, beside = {"neurons": 0.4}, {"neurons": 0.4, "direction": 0.6}
    for step in range(200):
        assert (drawn(alone, 3, step) == "neurons") == (drawn(beside, 3, step) == "neurons")


def gradient(model, remove):
    with remove:
        model(torch.tensor([[3, 4, 5, 6]])).logits.square().mean().backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def test_gradients_flow_through_what_is_left_of_the_stream():
    model = build()
    unit = np.linalg.qr(np.random.default_rng(0).normal(size=(tiny.HIDDEN, 1)))[0].T
    expected = gradient(model, projected_out(model, unit))
    removal = Removal(model)
    removal.direction = torch.from_numpy(unit[0]).float()
    found = {}
    model(torch.tensor([[3, 4, 5, 6]])).logits.square().mean().backward()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    removal.remove()
    assert found.keys() == expected.keys() and len(found) > 10
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-5)
    # nothing of what writers write along the direction counts, so nothing of it is learnt
    written = model.model.layers[0].mlp.down_proj.weight.grad
    assert (torch.from_numpy(unit).float() @ written).abs().max() < 1e-4 * written.abs().max()


def test_what_writes_from_elsewhere_is_found_once_and_nothing_is_left_hanging():
    model = tiny.build()
    layer = model.model.layers[0]
    hook = layer.register_forward_hook(lambda _, args, out: out + torch.ones(tiny.HIDDEN))
    with pytest.raises(UnsupportedArchitectureError, match="something else writes"):
        Removal(model)
    hook.remove()
    assert hooks(model) == 0


@pytest.mark.parametrize("way", [{}, {"lora": LoRA(rank=4, alpha=8)}], ids=["weights", "low rank"])
@pytest.mark.parametrize("killed_at", [4, 6], ids=["between refreshes", "after one"])
def test_a_killed_training_resumes_to_the_same_bits(way, killed_at, monkeypatch, tmp_path):
    plan = plan_of("harden", shares={"neurons": 0.2, "direction": 0.6, "prefill": 0.2})
    whole = train(plan, tmp_path / "whole", **SIX, **way)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        calls, restore = [], FrozenSlices.restore

        def fatal(self):
            calls.append(1)
            if len(calls) == killed_at:
                raise KeyboardInterrupt
            restore(self)

        patch.setattr(FrozenSlices, "restore", fatal)
        train(plan, tmp_path / "killed", **SIX, **way)
    found = []
    refresh = simulated_direction.candidate_directions
    monkeypatch.setattr(
        simulated_direction,
        "candidate_directions",
        lambda *given: found.append(1) or refresh(*given),
    )
    resumed = train(plan, tmp_path / "killed", **SIX, **way)
    assert len(found) == 1  # of steps 3, 4 and 5 at the fifth alone: the fourth has those stored
    assert same_bits(resumed.model, whole.model)
    assert resumed.logged("loss") == whole.logged("loss")


@pytest.mark.parametrize("changes", [{"gradient_checkpointing": True}, {"accumulation": 2}])
def test_recomputed_activations_and_micro_batches_change_nothing(changes, tmp_path):
    plan = plan_of("direction_ablate", shares=ALWAYS)
    plain, other = (
        train(plan, tmp_path / name, kl_weight=0.0, sft_weight=0.0, **given)
        for name, given in (("plain", {}), ("other", changes))
    )
    assert other.logged("loss") == pytest.approx(plain.logged("loss"), rel=1e-4)
    for name, value in plain.model.named_parameters():
        torch.testing.assert_close(value, other.model.get_parameter(name), rtol=1e-2, atol=2e-4)


def test_frozen_neurons_stay_to_the_bit_and_no_hook_is_left(tmp_path):
    plan = plan_of("ablate_all", frozen=MASK, shares={"neurons": 0.4, "direction": 0.6})
    trained = train(plan, tmp_path)
    freeze_report(trained.model, trained.before, MASK).check()
    assert hooks(trained.model) == 0
    assert not trained.model.training


def test_directions_are_found_on_the_model_without_any_simulated_attack(removed, tmp_path):
    """Zeroed neurons or a removed direction would show in what is found."""
    shares = {"neurons": 0.5, "direction": 0.5}
    plan = plan_of("ablate_all", shares=shares)
    plan = replace(plan, asked=ASKED._replace(refresh=1))
    clean = train(plan, tmp_path, learning_rate=0.0, steps=16, batch_pairs=1).before
    drawn_ones = [(place, direction) for place, direction in removed if direction is not None]
    assert 4 <= len(drawn_ones) <= 12
    for place, direction in drawn_ones:
        expected = difference_of_means(clean, place)
        np.testing.assert_allclose(direction.numpy(), expected, rtol=0, atol=1e-5)


def test_sides_that_nothing_tells_apart_are_no_attack(tmp_path):
    same = Asked(ASKED.unsafe, ASKED.unsafe, refresh=2, batch_size=2)
    trained = train(plan_of("direction_ablate", shares=ALWAYS, asked=same), tmp_path / "1")
    plain = train("dpo", tmp_path / "2")
    assert same_bits(trained.model, plain.model)
