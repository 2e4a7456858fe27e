"""In which steps an arm's neurons are zeroed, and that they are never zeroed afterwards."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from safeneuron.alignment import dpo_training
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.simulation import Simulation
from safeneuron.alignment.steps import SimulateAttacks
from unit.alignment.rounds import (
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


def zeroed_steps(workdir, probability, **changes):
    """Which steps zero: where nothing trains, only zeroing sets the policy's answers apart."""
    trained = train(
        "ablate",
        workdir,
        zeroing_probability=probability,
        **{"steps": 24, "batch_pairs": 1, "kl_weight": 0.0, "learning_rate": 0.0, **changes},
    )
    return [margin != 0 for margin in trained.logged("rewards/margins")]


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_the_share_of_zeroed_steps_is_the_probability(probability):
    steps = 2000
    plan = plan_of("ablate", zeroing_probability=probability)
    simulation = Simulation(build(), plan, TOKENIZER.pad_token_id, seed=3)
    callback = SimulateAttacks(simulation)
    drawn = []
    for step in range(steps):
        callback.on_step_begin(None, SimpleNamespace(global_step=step), None)
        drawn.append(simulation._zeroing.active)
    five_errors = 5 * np.sqrt(probability * (1 - probability) / steps)
    assert abs(np.mean(drawn) - probability) <= five_errors


def test_a_seed_zeroes_the_same_steps_and_another_seed_others(tmp_path):
    first, again = (zeroed_steps(tmp_path / name, 0.5) for name in ("first", "again"))
    other = zeroed_steps(tmp_path / "other", 0.5, seed=2)
    assert first == again
    assert first != other
    assert 4 <= sum(first) <= 20


def test_the_share_holds_in_a_training(tmp_path):
    assert sum(zeroed_steps(tmp_path / "0", 0.0)) == 0
    assert sum(zeroed_steps(tmp_path / "1", 1.0)) == 24


def test_a_step_is_zeroed_in_all_its_micro_batches_or_in_none(tmp_path):
    model, zeroed = build(), []
    neuron = np.flatnonzero(MASK[-1])[0]
    model.model.layers[-1].mlp.down_proj.register_forward_hook(
        lambda module, inputs, output: zeroed.append(not inputs[0][..., neuron].any())
    )
    settings = changed(steps=6, accumulation=4, kl_weight=0.0)
    plan = plan_of("ablate", zeroing_probability=0.5)
    align(model, build(), TOKENIZER, PAIRS, plan, settings, 1, tmp_path)
    steps = np.reshape(zeroed, (6, 4))
    assert (steps == steps[:, :1]).all()
    assert 0 < steps.sum() < steps.size


def test_never_zeroing_is_plain_dpo_to_the_last_bit(tmp_path):
    never = train("ablate", tmp_path / "1", zeroing_probability=0.0)
    plain = train("dpo", tmp_path / "2")
    always = train("ablate", tmp_path / "3")
    assert same_bits(never.model, plain.model)
    assert never.logged("loss") == plain.logged("loss")
    assert not same_bits(always.model, plain.model)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_trained_model_is_whole_and_in_evaluation_mode(checkpointing, tmp_path):
    model = train("freeze_ablate", tmp_path, gradient_checkpointing=checkpointing).model
    assert hooks(model) == 0
    assert not model.training
    untouched = build()
    untouched.load_state_dict(model.state_dict())
    tokens = torch.tensor([[3, 4, 5, 6]])
    assert torch.equal(model(tokens).logits, untouched(tokens).logits)


def stop(*arguments, **more):
    raise KeyboardInterrupt


def test_no_hook_is_left_when_training_stops_on_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(FrozenSlices, "restore", stop)
    model = build()
    with pytest.raises(KeyboardInterrupt):
        train("freeze_ablate", tmp_path, model)
    assert hooks(model) == 0


def test_no_hook_is_left_when_training_cannot_start(monkeypatch, tmp_path):
    monkeypatch.setattr(dpo_training._PlannedTrainer, "__init__", stop)
    model = build()
    with pytest.raises(KeyboardInterrupt):
        train("freeze_ablate", tmp_path, model)
    assert hooks(model) == 0
