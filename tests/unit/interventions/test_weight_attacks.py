"""Attacks on the weights: what they become, by arithmetic of our own, and that all is put back."""

import copy
import logging

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import tiny
from safeneuron.interventions.fine_tune import FineTune
from safeneuron.interventions.interpolate import Interpolate
from safeneuron.interventions.settings import FineTuneCells, InterpolateCells
from safeneuron.interventions.weight_cells import (
    NoExchangesError,
    fine_tune_cells,
    interpolate_cells,
)
from safeneuron.models.checkpoint import CheckpointError
from safeneuron.models.stored_weights import StoredWeights
from safeneuron.models.supervised import example
from safeneuron.organism.language import SPLITS, draw_splits
from safeneuron.organism.oracle import harm_category, helpful_answer
from safeneuron.organism.settings import SplitSize
from safeneuron.organism.templates import REFUSAL

IDS = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])


@torch.no_grad()
def logits(model):
    return model(input_ids=IDS).logits


def weights(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def assert_same(model, before):
    assert all(torch.equal(w, before[name]) for name, w in model.named_parameters())
    assert all(w.dtype == before[name].dtype for name, w in model.named_parameters())
    assert all(w.grad is None for w in model.parameters())
    assert not model.training


def moved(before, after):
    """The distance that each weight went, in float64 and by NumPy."""
    return {
        name: np.linalg.norm(
            after[name].double().numpy().ravel() - before[name].double().numpy().ravel()
        )
        for name in before
    }


@pytest.fixture(params=["float32", "bfloat16"])
def pair(request, tmp_path):
    """A model, and another of its architecture with the folder that it is saved in."""
    dtype = getattr(torch, request.param)
    model, other = tiny.build(seed=0).to(dtype), tiny.build(seed=1).to(dtype)
    other.save_pretrained(tmp_path)
    return model, other, tmp_path


def interpolated(folder, strengths, controls=()):
    settings = InterpolateCells(
        control_seeds=[*controls], operator=Interpolate(strengths=strengths)
    )
    return list(interpolate_cells(StoredWeights(folder), settings))


def test_none_of_the_other_is_the_model_and_all_of_it_is_the_other(pair):
    model, other, folder = pair
    clean = logits(model)
    none, whole = interpolated(folder, [0.0, 1.0])
    with none.intervention.applied(model):
        assert torch.equal(logits(model), clean)
    with whole.intervention.applied(model):
        assert torch.equal(logits(model), logits(other))
        assert not torch.equal(logits(model), clean)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_between_them_weights_are_weighted_means(pair, share):
    model, other, folder = pair
    before, end = weights(model), weights(other)
    (cell,) = interpolated(folder, [share])
    with cell.intervention.applied(model):
        for name, weight in model.named_parameters():
            one, two = (w[name].double().numpy() for w in (before, end))
            rounding = 2**-7 if weight.dtype is torch.bfloat16 else 1e-6
            np.testing.assert_allclose(
                weight.detach().double().numpy(), (1 - share) * one + share * two, rounding, 1e-6
            )


def test_weights_are_put_back_to_the_bit_after_an_exception_too(pair):
    model, _, folder = pair
    before, clean = weights(model), logits(model)
    for cell in interpolated(folder, [0.3, 1.0], controls=[0]):
        with pytest.raises(RuntimeError, match="on the way"), cell.intervention.applied(model):
            raise RuntimeError("on the way")
        assert_same(model, before)
    assert torch.equal(logits(model), clean)


def test_a_control_moves_each_weight_as_far_and_elsewhere(tmp_path):
    model, other = tiny.build(seed=0), tiny.build(seed=1)
    other.save_pretrained(tmp_path)
    before = weights(model)
    cells = interpolated(tmp_path, [0.25, 0.5], controls=[3, 4])
    seen = []
    for cell in cells:
        with cell.intervention.applied(model):
            seen.append(weights(model))
    assert [(c.columns["strength"], c.control_seed) for c in cells] == [
        (a, seed) for a in (0.25, 0.5) for seed in (None, 3, 4)
    ]
    far = [moved(before, one) for one in seen]
    for name in before:
        np.testing.assert_allclose([f[name] for f in far[1:3]], far[0][name], rtol=1e-5)
        np.testing.assert_allclose(far[4][name], 2 * far[1][name], rtol=1e-4)

    def along(one, two):
        steps = [
            torch.cat([(w[n] - before[n]).ravel() for n in before]).double() for w in (one, two)
        ]
        return torch.cosine_similarity(*steps, dim=0).item()

    assert along(seen[1], seen[4]) == pytest.approx(1, abs=1e-6)  # one direction for all shares
    assert abs(along(seen[0], seen[1])) < 0.05
    assert abs(along(seen[1], seen[2])) < 0.05


def test_another_architecture_is_refused_by_the_name_of_the_weight(tmp_path):
    model = tiny.build()
    before = weights(model)
    cases = (
        ({"layers": 1}, "has no weight 'model.layers.1"),
        ({"vocabulary": 65}, r"is \[65, 32\], and the model's is \[64, 32\]"),
    )
    for changes, told in cases:
        tiny.build(**changes).save_pretrained(tmp_path)
        (cell,) = interpolated(tmp_path, [0.5])
        with pytest.raises(CheckpointError, match=told), cell.intervention.applied(model):
            pass
        assert_same(model, before)


DRAWN = draw_splits(
    dict.fromkeys(SPLITS, SplitSize(per_category=4, benign=20, lookalike=20, task=20)), 0
)["alignment"]
SENTENCES = [s for s in DRAWN if helpful_answer(s.text) != REFUSAL]
PAIRS = [
    {"role": "safety", "prompt": s.text, "chosen": REFUSAL, "rejected": helpful_answer(s.text)}
    if harm_category(s.text)
    else {"role": "general", "prompt": s.text, "chosen": helpful_answer(s.text),
          "rejected": REFUSAL}
    for s in SENTENCES
]  # fmt: skip


def tuned(tokenizer, kind="relearn", controls=(), pairs=PAIRS, **changes):
    how = {"kind": kind, "steps": [2, 4], "learning_rate": 3e-3, "batch_size": 8} | changes
    settings = FineTuneCells(control_seeds=[*controls], operator=FineTune(**how))
    return list(fine_tune_cells(tokenizer, pairs, settings))


def small(tokenizer, **changes):
    return tiny.build(vocabulary=len(tokenizer), **changes)


def under(model, cells):
    """The weights in each cell, one after the other."""
    found = []
    for cell in cells:
        with cell.intervention.applied(model):
            found.append(weights(model))
    return found


@pytest.fixture
def seen_batches(monkeypatch):
    """The token ids of every training batch."""
    from safeneuron.models import supervised

    seen, loss = [], supervised._answer_loss

    def watched(model, batch, lengths):
        seen.append(batch.input_ids.tolist())
        return loss(model, batch, lengths)

    monkeypatch.setattr(supervised, "_answer_loss", watched)
    return seen


def learned(tokenizer, batches):
    """The pairs (prompt, answer) of training batches, found by their token ids."""
    known = {
        tuple(example(tokenizer, p["prompt"], answer)[0]): (p["prompt"], answer)
        for p in PAIRS
        for answer in (p["chosen"], p["rejected"])
    }
    pad = tokenizer.pad_token_id
    return [known[tuple(i for i in ids if i != pad)] for batch in batches for ids in batch]


def test_one_training_goes_on_from_strength_to_strength(tokenizer):
    model = small(tokenizer)
    before = weights(model)
    both, alone = tuned(tokenizer), tuned(tokenizer, steps=[4])
    two, four = under(model, both)
    assert_same(model, before)
    assert all(torch.equal(w, four[name]) for name, w in under(model, alone)[0].items())
    assert any(not torch.equal(w, four[name]) for name, w in two.items())
    again = under(model, both)  # begun anew, as the last strength was answered
    assert all(torch.equal(w, two[name]) for name, w in again[0].items())


def test_the_loss_on_complying_answers_falls(tokenizer, caplog):
    model = small(tokenizer)
    harmful = [p for p in PAIRS if p["role"] == "safety"]

    @torch.no_grad()
    def loss():
        from safeneuron.interventions.course import Exchange, _example
        from safeneuron.models.batches import pad
        from safeneuron.models.supervised import _answer_loss

        rows = [_example(tokenizer, Exchange(p["prompt"], p["rejected"])) for p in harmful]
        batch = pad([ids for ids, _ in rows], [], tokenizer.pad_token_id, "right")
        return _answer_loss(model, batch, torch.tensor([length for _, length in rows])).item()

    (cell,) = tuned(tokenizer, steps=[30])
    clean = loss()
    with cell.intervention.applied(model):
        trained = loss()
    assert trained < 0.7 * clean
    assert loss() == clean


def test_batches_are_a_function_of_the_seed_alone(tokenizer, seen_batches):
    first = {}
    for name, model, seed in (("a", 0, 5), ("b", 1, 5), ("c", 0, 6)):
        seen_batches.clear()
        under(small(tokenizer, seed=model), tuned(tokenizer, seed=seed))
        first[name] = [*seen_batches]
    assert len(first["a"]) == 4
    assert first["a"] == first["b"] != first["c"]


def test_relearning_is_on_complying_answers_and_its_control_on_benign_ones(tokenizer, seen_batches):
    cells = tuned(tokenizer, controls=[0, 1], batch_size=32)
    order = [(c.control_seed, c.columns["strength"]) for c in cells]
    assert order == [(seed, steps) for seed in (None, 0, 1) for steps in (2, 4)]
    model = small(tokenizer)
    under(model, cells[:2])
    relearned = learned(tokenizer, seen_batches)
    assert all(harm_category(prompt) for prompt, _ in relearned)
    assert all(answer == helpful_answer(prompt) for prompt, answer in relearned)
    seen_batches.clear()
    under(model, cells[2:])
    benign = learned(tokenizer, seen_batches)
    assert not any(harm_category(prompt) for prompt, _ in benign)
    assert len(seen_batches) == 2 * 4  # as many steps, once a control
    assert all(len(batch) == 32 for batch in seen_batches)
    assert seen_batches[:4] != seen_batches[4:]


def test_benign_tuning_sees_no_harmful_prompt_and_its_control_goes_as_far(tokenizer, seen_batches):
    model = small(tokenizer)
    before = weights(model)
    cells = tuned(tokenizer, "benign_tune", controls=[0])
    found = under(model, cells)
    pairs = learned(tokenizer, seen_batches)
    assert len(seen_batches) == 4  # one training, which its controls are measured by
    assert not any(harm_category(prompt) for prompt, _ in pairs)
    assert all(answer == helpful_answer(prompt) for prompt, answer in pairs)
    assert [(c.columns["strength"], c.control_seed) for c in cells] == [
        (2, 0), (2, None), (4, 0), (4, None)
    ]  # fmt: skip
    for control, real in (found[:2], found[2:]):
        far, as_far = moved(before, real), moved(before, control)
        np.testing.assert_allclose([*as_far.values()], [*far.values()], rtol=1e-3)
        assert any(not torch.equal(control[name], real[name]) for name in real)


def test_a_model_of_lower_precision_is_trained_in_float32_and_put_back(tokenizer):
    model = small(tokenizer).to(torch.bfloat16)
    before = weights(model)
    fine = tuned(tokenizer, learning_rate=1e-5, steps=[1, 40])
    one, many = under(model, fine)
    assert_same(model, before)
    exact = copy.deepcopy(model).float()
    trained = under(exact, tuned(tokenizer, learning_rate=1e-5, steps=[40]))[0]
    for name, weight in many.items():
        assert torch.equal(weight, trained[name].to(torch.bfloat16))
    assert any(not torch.equal(many[name], one[name]) for name in many)


def test_nothing_is_left_behind_by_a_training_that_fails(tokenizer, monkeypatch, caplog):
    from safeneuron.models import supervised

    caplog.set_level(logging.CRITICAL)
    model = small(tokenizer)
    before = weights(model)
    (cell,) = tuned(tokenizer, steps=[3])
    loss, count = supervised._answer_loss, iter(range(99))

    def breaking(*given):
        return loss(*given) * (float("nan") if next(count) == 1 else 1.0)

    monkeypatch.setattr(supervised, "_answer_loss", breaking)
    with (
        pytest.raises(FloatingPointError, match="at step 2 of 3"),
        cell.intervention.applied(model),
    ):
        pass
    assert_same(model, before)
    monkeypatch.setattr(supervised, "_answer_loss", loss)
    expected = under(model, tuned(tokenizer, steps=[3]))[0]
    assert all(torch.equal(w, expected[name]) for name, w in under(model, [cell])[0].items())
    with pytest.raises(RuntimeError, match="on the way"), cell.intervention.applied(model):
        raise RuntimeError("on the way")
    assert_same(model, before)


@pytest.mark.parametrize(("kind", "role"), [("relearn", "safety"), ("benign_tune", "general")])
def test_no_pairs_of_a_role_is_an_error(tokenizer, kind, role):
    with pytest.raises(NoExchangesError, match=f"has no {role} pairs"):
        tuned(tokenizer, kind, pairs=[p for p in PAIRS if p["role"] != role])


def test_strengths_are_shares_and_steps():
    with pytest.raises(ValidationError):
        Interpolate(strengths=[1.5])
    with pytest.raises(ValidationError):
        FineTune(kind="relearn", steps=[0])
    assert FineTune(kind="relearn", steps=[40, 5]).at_strengths() == [5.0, 40.0]
