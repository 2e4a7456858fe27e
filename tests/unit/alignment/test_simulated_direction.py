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
from safeneuron.alignment.settings import LoRA
from safeneuron.alignment.simulated_direction import SEQUENCES, SimulatedDirection
from safeneuron.directions.projection import Removal, projected_out
from safeneuron.models.sites import UnsupportedArchitectureError
from unit.alignment.rounds import (
    ASKED,
    MASK,
    TOKENIZER,
    build,
    hooks,
    plan_of,
    same_bits,
    train,
)

ALWAYS = {"direction": 1.0}
SIX = {"steps": 6, "save_every": 3}


@torch.no_grad()
def stream_at_the_end(model, place, ids):
    """What a place of the stream holds at a prompt's last token."""
    seen = []
    layers = model.model.layers
    if place < len(layers):
        hook = layers[place].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    else:
        hook = layers[-1].register_forward_hook(
            lambda _, args, out: seen.append(out if torch.is_tensor(out) else out[0])
        )
    model(torch.tensor([ids]))
    hook.remove()
    return seen[0][0, -1].double().numpy()


def difference_of_means(model, place, before=None):
    """Between the sides, prompt by prompt, of length 1 and orthogonal to those before it."""
    before = np.zeros((0, tiny.HIDDEN)) if before is None else before
    with projected_out(model, before):
        unsafe, safe = (
            np.mean([stream_at_the_end(model, place, ids) for ids in side], axis=0)
            for side in (ASKED.unsafe, ASKED.safe)
        )
    rest = unsafe - safe
    rest = rest - before.T @ (before @ rest)
    return rest / np.linalg.norm(rest)


def is_an_attack_on(model, directions):
    """Whether each direction is some place's difference of means without those before it."""
    found = directions.double().numpy()
    return all(
        any(
            np.allclose(direction, difference_of_means(model, place, found[:phase]), atol=1e-4)
            for place in (1, 2)
        )
        for phase, direction in enumerate(found)
    )


def test_the_directions_are_those_of_the_policy_at_the_last_refresh(removed, monkeypatch, tmp_path):
    policies = []
    refresh = SimulatedDirection._refresh

    def kept(self, rng):
        policies.append(build())
        policies[-1].load_state_dict(self._model.state_dict())
        refresh(self, rng)

    monkeypatch.setattr(SimulatedDirection, "_refresh", kept)
    train(plan_of("direction_ablate", shares=ALWAYS), tmp_path, steps=8)
    assert len(policies) == 4  # every second step
    assert {len(directions) for directions in removed} == {1, 2}
    for step, directions in enumerate(removed):
        assert is_an_attack_on(policies[step // 2], directions)
    assert not is_an_attack_on(policies[3], removed[1])


def test_phases_places_and_the_attack_of_a_step_are_drawn_alike():
    """But for what the first layer is given; the first places of three attacks take turns."""
    model = build()
    simulated = SimulatedDirection(
        model, ASKED._replace(refresh=100), TOKENIZER.pad_token_id, seed=1
    )
    one = [difference_of_means(model, place) for place in (1, 2)]
    attacks, places, phases = Counter(), Counter(), Counter()
    for step in range(4000):
        simulated.begin_step(step, removing=True)
        now = simulated.removal.directions
        assert now is not None
        attacks[[torch.equal(now, a[a.any(dim=1)]) for a in simulated.directions].index(True)] += 1
        if step % 100 == 0:
            for attack in simulated.directions:
                found = attack[attack.any(dim=1)].double().numpy()
                phases[len(found)] += 1
                places[[np.allclose(found[0], d, atol=1e-4) for d in one].index(True)] += 1
    simulated.remove()
    # of two layers the third attack has the first's place, and counts as that where it is the same
    assert attacks[0] > 1200 and 1200 < attacks[1] < 1470 and attacks[2] > 400
    assert phases.keys() == {1, 2} and all(35 < count < 85 for count in phases.values())
    assert all(35 < count < 85 for count in places.values())


def test_attacks_are_drawn_apart_each_in_its_share_of_the_steps():
    shares, steps = {"neurons": 0.35, "direction": 0.4, "prefill": 0.5}, 4000
    plan = plan_of("harden", shares=shares)
    drawn = Counter(
        (plan.zeroes(7, step), plan.removes_directions(7, step)) for step in range(steps)
    )
    for zeroes in (True, False):
        for removes in (True, False):
            share = (0.35 if zeroes else 0.65) * (0.4 if removes else 0.6)
            error = np.sqrt(share * (1 - share) / steps)
            assert abs(drawn[zeroes, removes] / steps - share) < 5 * error
    of_seeds = [[plan.removes_directions(seed, n) for n in range(50)] for seed in (7, 7, 8)]
    assert of_seeds[0] == of_seeds[1] != of_seeds[2]


def test_steps_that_zero_are_those_of_an_arm_that_only_zeroes():
    alone, beside = (
        plan_of(m, shares={**s, "neurons": 0.4}) for m, s in (("ablate", {}), ("harden", ALWAYS))
    )
    for step in range(200):
        assert alone.zeroes(3, step) == beside.zeroes(3, step)


def gradients(model):
    model(torch.tensor([[3, 4, 5, 6]])).logits.square().mean().backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


@torch.no_grad()
def write_into_weights(model, keep):
    embedding = model.get_input_embeddings().weight
    embedding.copy_(embedding @ keep)
    for layer in model.model.layers:
        for writer in (layer.self_attn.o_proj, layer.mlp.down_proj):
            writer.weight.copy_(keep @ writer.weight)


def test_gradients_flow_through_what_is_left_of_the_stream():
    """Those of reading weights are of the model whose weights write nothing along directions."""
    rows = np.linalg.qr(np.random.default_rng(0).normal(size=(tiny.HIDDEN, 2)))[0].T
    matrix = torch.from_numpy(rows).float()
    model, edited = build(tie_word_embeddings=False), build(tie_word_embeddings=False)
    write_into_weights(edited, torch.eye(tiny.HIDDEN) - matrix.T @ matrix)
    removal = Removal(model)
    removal.directions = matrix
    found, expected = gradients(model), gradients(edited)
    removal.remove()
    for name in ("self_attn.q_proj", "mlp.gate_proj", "mlp.up_proj"):
        for layer in range(tiny.LAYERS):
            key = f"model.layers.{layer}.{name}.weight"
            torch.testing.assert_close(found[key], expected[key], rtol=1e-3, atol=1e-5)
    # nothing that is written along the directions counts, so nothing of it is learnt
    written = found["model.layers.0.mlp.down_proj.weight"]
    assert (matrix @ written).abs().max() < 1e-4 * written.abs().max()


def test_half_precision_products_do_not_round_what_is_removed():
    model = build()
    removal = Removal(model)
    removal.directions = torch.ones(1, tiny.HIDDEN) / tiny.HIDDEN**0.5
    stream = torch.randn(2, 3, tiny.HIDDEN, generator=torch.Generator().manual_seed(0))
    exact = removal._change(stream)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(removal._change(stream), exact)
    removal.remove()


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
    plan = plan_of("harden", shares={"neurons": 0.4, "direction": 0.9, "prefill": 0.5})
    assert plan.removes_directions(1, 3)  # the first step after the checkpoint, with stored ones
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
    search = simulated_direction.orthonormal_differences
    monkeypatch.setattr(
        simulated_direction,
        "orthonormal_differences",
        lambda *given: found.append(1) or search(*given),
    )
    resumed = train(plan, tmp_path / "killed", **SIX, **way)
    assert len(found) == SEQUENCES  # of steps 3, 4 and 5 at the fifth alone
    assert same_bits(resumed.model, whole.model)
    assert resumed.logged("loss") == whole.logged("loss")


@pytest.mark.parametrize("changes", [{"gradient_checkpointing": True}, {"accumulation": 2}])
@pytest.mark.parametrize("method", ["direction_ablate", "harden"])
def test_recomputed_activations_and_micro_batches_change_nothing(changes, method, tmp_path):
    shares = {"neurons": 0.8, "direction": 1.0, "prefill": 0.5}
    plan = plan_of(method, shares=shares if method == "harden" else ALWAYS)
    means = {"kl_weight": 0.0, "sft_weight": 0.0} if "accumulation" in changes else {}
    plain, other = (
        train(plan, tmp_path / name, **means, **given)
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
    plan = plan_of("ablate_all", shares={"neurons": 0.5, "direction": 0.5})
    plan = replace(plan, attacked="all", asked=ASKED._replace(refresh=1))
    clean = train(plan, tmp_path, learning_rate=0.0, steps=16, batch_pairs=1).before
    drawn_ones = [directions for directions in removed if directions is not None]
    assert 4 <= len(drawn_ones) <= 12
    assert all(is_an_attack_on(clean, directions) for directions in drawn_ones)


def test_sides_that_nothing_tells_apart_are_no_attack(tmp_path):
    same = ASKED._replace(safe=ASKED.unsafe)
    trained = train(plan_of("direction_ablate", shares=ALWAYS, asked=same), tmp_path / "1")
    plain = train("dpo", tmp_path / "2")
    assert same_bits(trained.model, plain.model)
