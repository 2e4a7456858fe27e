"""A training that is repeated, killed or resumed gives the same weights; one that fails says so."""

import re

import pytest
import torch
from safetensors import safe_open
from transformers import TrainerState

from safeneuron.alignment import resume
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.settings import LoRA
from unit.alignment.rounds import MASK, PAIRS, build, hooks, same_bits, train

SIX_STEPS = {"steps": 6, "save_every": 3, "zeroing_probability": 0.5, "warmup_steps": 2}
PAIR_IDS = {pair["pair_id"] for pair in PAIRS}


@pytest.fixture
def uninterrupted(tmp_path):
    return train("freeze_ablate", tmp_path / "uninterrupted", **SIX_STEPS)


class Killed(BaseException):
    """What a signal does to a training."""


def killing(monkeypatch, owner, method, at):
    """Let a method be the end of the training when it is called for the `at`-th time."""
    calls, original = [], getattr(owner, method)

    def fatal(*arguments, **more):
        calls.append(method)
        if len(calls) == at:
            raise Killed
        return original(*arguments, **more)

    monkeypatch.setattr(owner, method, fatal)
    return calls


def kill_a_training(monkeypatch, workdir, owner, method, at, **changes):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        killing(patch, owner, method, at)
        train("freeze_ablate", workdir, **{**SIX_STEPS, **changes})


def assert_same_training(a, b):
    assert same_bits(a.model, b.model)
    assert [step["step"] for step in a.steps] == [1, 2, 3, 4, 5, 6]
    for name in ("step", "loss", "grad_norm", "learning_rate", "rewards/margins"):
        assert a.logged(name) == b.logged(name)


def test_a_killed_training_resumes_to_the_same_bits(uninterrupted, monkeypatch, tmp_path):
    kill_a_training(monkeypatch, tmp_path, FrozenSlices, "restore", at=5)
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-3"]
    steps = killing(monkeypatch, FrozenSlices, "restore", at=0)
    resumed = train("freeze_ablate", tmp_path, **SIX_STEPS)
    assert len(steps) == 3
    assert_same_training(resumed, uninterrupted)
    freeze_report(resumed.model, resumed.before, MASK).check()


def test_a_killed_low_rank_training_resumes_to_the_same_bits(monkeypatch, tmp_path):
    low_rank = {"lora": LoRA(rank=4, alpha=8)}
    whole = train("freeze_ablate", tmp_path / "whole", **SIX_STEPS, **low_rank)
    kill_a_training(monkeypatch, tmp_path / "killed", FrozenSlices, "restore", at=5, **low_rank)
    resumed = train("freeze_ablate", tmp_path / "killed", **SIX_STEPS, **low_rank)
    assert_same_training(resumed, whole)
    freeze_report(resumed.model, resumed.before, MASK).check()


def test_a_training_killed_before_its_first_checkpoint_starts_again(
    uninterrupted, monkeypatch, tmp_path
):
    kill_a_training(monkeypatch, tmp_path, FrozenSlices, "restore", at=2)
    assert_same_training(train("freeze_ablate", tmp_path, **SIX_STEPS), uninterrupted)


def test_a_training_killed_after_its_last_step_is_not_trained_further(uninterrupted, tmp_path):
    again = train("freeze_ablate", tmp_path / "uninterrupted", **SIX_STEPS)
    assert_same_training(again, uninterrupted)


@pytest.mark.parametrize(("owner", "part"), [(resume, "save_file"), (TrainerState, "save_to_json")])
def test_a_training_killed_while_it_writes_a_checkpoint_resumes_from_the_one_before(
    owner, part, uninterrupted, monkeypatch, tmp_path
):
    kill_a_training(monkeypatch, tmp_path, owner, part, at=2, save_every=2)
    assert_same_training(train("freeze_ablate", tmp_path, **SIX_STEPS), uninterrupted)


def test_how_often_a_training_saves_changes_no_number(uninterrupted, tmp_path):
    often = train("freeze_ablate", tmp_path / "often", **{**SIX_STEPS, "save_every": 1})
    assert_same_training(often, uninterrupted)


@pytest.mark.parametrize("way", [{}, {"lora": LoRA(rank=4, alpha=8)}], ids=["weights", "low rank"])
def test_a_checkpoint_is_safetensors_and_json_alone_and_holds_no_weight_that_does_not_train(
    way, monkeypatch, tmp_path
):
    kill_a_training(monkeypatch, tmp_path, FrozenSlices, "restore", at=5, **way)
    (checkpoint,) = tmp_path.glob("checkpoint-*")
    assert {path.name for path in checkpoint.iterdir()} == {
        "training.safetensors",
        "trainer_state.json",
    }
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pt", ".pth", ".bin")]
    with safe_open(checkpoint / "training.safetensors", "pt") as stored:
        names = {key.rpartition("/")[0] for key in stored.keys()}  # noqa: SIM118
    assert not any("embed_tokens" in name for name in names)
    assert all(("lora_" in name) == bool(way) for name in names - {"random"})


def test_a_resumed_training_goes_on_in_the_random_numbers_that_it_was_at(monkeypatch, tmp_path):
    """As dropout would draw them."""
    seen = []

    def draws(self):
        seen.append(torch.rand(1).item())
        restore(self)

    restore = FrozenSlices.restore
    monkeypatch.setattr(FrozenSlices, "restore", draws)
    train("freeze", tmp_path / "whole", **SIX_STEPS)
    whole, seen[:] = seen[:], []
    kill_a_training(monkeypatch, tmp_path / "killed", FrozenSlices, "restore", at=5)
    seen.clear()
    train("freeze", tmp_path / "killed", **SIX_STEPS)
    assert seen == whole[3:]


def test_two_trainings_of_a_seed_are_equal_and_of_another_seed_differ(tmp_path):
    first, again, other = (
        train("freeze", tmp_path / name, seed=seed)
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert same_bits(first.model, again.model)
    assert first.logged("loss") == again.logged("loss")
    assert not same_bits(first.model, other.model)


def pair_ids(batches):
    return [batch["pair_ids"] for batch in batches]


def test_all_arms_see_the_same_pairs_in_the_same_order(batches, tmp_path):
    orders = []
    for method in ("dpo", "freeze", "freeze_ablate", "random_ablate", "sn_tune"):
        train(method, tmp_path / method)
        orders.append(pair_ids(batches))
        batches.clear()
    assert all(order == orders[0] for order in orders)
    assert {name for batch in orders[0] for name in batch} == PAIR_IDS


def test_another_seed_orders_the_pairs_otherwise(batches, tmp_path):
    train("dpo", tmp_path / "1", seed=1)
    train("dpo", tmp_path / "2", seed=2)
    first, other = pair_ids(batches)[:4], pair_ids(batches)[4:]
    assert first != other
    assert {n for batch in first for n in batch} == {n for batch in other for n in batch}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_at_its_step_and_names_its_pairs(value, batches, tmp_path):
    model = build()
    with torch.no_grad():
        model.lm_head.weight[:] = value
    with pytest.raises(FloatingPointError, match="loss is nan at step 1, pairs ") as error:
        train("freeze", tmp_path, model)
    assert re.findall(r"pair-\d+", str(error.value)) == pair_ids(batches)[0]
    assert hooks(model) == 0


def test_a_training_that_diverges_stops_at_the_step_after(batches, tmp_path):
    with pytest.raises(FloatingPointError, match="loss is nan at step 2, pairs ") as error:
        train("freeze", tmp_path, learning_rate=1e30)
    assert re.findall(r"pair-\d+", str(error.value)) == pair_ids(batches)[1]


def test_a_micro_batch_that_is_not_finite_names_its_own_pairs(batches, tmp_path):
    with pytest.raises(FloatingPointError, match="loss is nan at step 2, pairs ") as error:
        train("freeze", tmp_path, learning_rate=1e30, accumulation=2)
    assert re.findall(r"pair-\d+", str(error.value)) == pair_ids(batches)[2]
