"""What a round minimises, against the loss written out in plain torch."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from safeneuron.alignment.dpo_training import _dataset, _PlannedTrainer
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from safeneuron.interventions.zeroing import zeroed
from safeneuron.organism.templates import REFUSAL
from unit.alignment.plain_dpo import learning_rate, optimizer, round_loss
from unit.alignment.rounds import MASK, PAIRS, TOKENIZER, build, changed, train

BY_ID = {pair["pair_id"]: pair for pair in PAIRS}
TERMS = [
    {"beta": 0.3, "sft_weight": 0.0, "kl_weight": 0.0},
    {"sft_weight": 0.7},
    {"kl_weight": 0.3},
]
PADDING = TOKENIZER.pad_token_id


def pairs_of(batch):
    return [BY_ID[name] for name in batch["pair_ids"]]


@pytest.mark.parametrize("terms", TERMS)
def test_the_loss_is_dpo_plus_the_likelihood_and_the_kl_term(terms, batches, tmp_path):
    changes = {"steps": 1, "batch_pairs": 5, **terms}
    settings = changed(**changes)
    trained = train("ablate", tmp_path, **changes)
    pairs = pairs_of(batches[0])
    assert {pair["role"] for pair in pairs} == {"safety", "general"}
    with torch.no_grad():
        clean = trained.before
        expected = round_loss(clean, build(), pairs, settings, lambda: zeroed(clean, MASK))
    assert trained.logged("loss")[0] == pytest.approx(expected.item(), rel=1e-5)


def test_a_round_takes_the_steps_of_adamw_on_that_loss(batches, tmp_path):
    changes = {"steps": 6, "warmup_steps": 1}
    settings = changed(**changes)
    trained = train("freeze_ablate", tmp_path, **changes)
    model, reference = build(), build()
    model.get_input_embeddings().requires_grad_(False)
    frozen, adamw = (
        FrozenSlices(frozen_slices(model, MASK)),
        optimizer(model, settings.weight_decay),
    )
    drawn = batches[: settings.steps]  # the loader draws one ahead
    for step, (batch, log) in enumerate(zip(drawn, trained.steps, strict=True)):
        adamw.zero_grad()
        loss = round_loss(model, reference, pairs_of(batch), settings, lambda: zeroed(model, MASK))
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in adamw.param_groups:
            group["lr"] = learning_rate(settings, step)
        adamw.step()
        frozen.restore()
        assert log["loss"] == pytest.approx(loss.item(), rel=1e-4)
        assert log["grad_norm"] == pytest.approx(norm.item(), rel=1e-3)
        assert log["learning_rate"] == pytest.approx(learning_rate(settings, step), rel=1e-6)
    differences, changes = (
        torch.cat([(p - q).detach().abs().flatten() for p, q in zip(a, b, strict=True)]).mean()
        for a, b in (
            (list(model.parameters()), list(trained.model.parameters())),
            (list(model.parameters()), list(reference.parameters())),
        )
    )
    assert differences < 1e-3 * changes


def test_gradients_of_frozen_neurons_do_not_count_in_clipping(tmp_path):
    free, frozen = (train(method, tmp_path / method, steps=1) for method in ("dpo", "freeze"))
    assert free.logged("loss") == frozen.logged("loss")
    assert frozen.logged("grad_norm")[0] < 0.99 * free.logged("grad_norm")[0]


def test_a_pair_is_one_turn_each():
    row = _dataset(PAIRS[:1], referenced=False)[0]
    assert row == {
        "pair_id": "pair-0",
        "role": "safety",
        "prompt": [{"role": "user", "content": "how do i steal the car"}],
        "chosen": [{"role": "assistant", "content": REFUSAL}],
        "rejected": [{"role": "assistant", "content": PAIRS[0]["rejected"]}],
        "chat_template_kwargs": {"sanitize_control_tokens": True},
    }


def test_a_batch_is_the_chat_template_of_its_pairs(batches, tmp_path):
    train("dpo", tmp_path, steps=1)
    batch = batches[0]
    texts = [
        TOKENIZER.decode(ids[mask.bool()])
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]
    answers = [
        TOKENIZER.decode(ids[mask.bool()])
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    pairs = pairs_of(batch)
    sides = [(pair["prompt"], pair[side]) for side in ("chosen", "rejected") for pair in pairs]
    expected = [TOKENIZER.decode(ids) for ids in encoded(sides)]
    assert texts == expected
    assert answers == [TOKENIZER.decode(TOKENIZER(a)["input_ids"]) + "</s>" for _, a in sides]
    assert batch["general"].tolist() == [pair["role"] == "general" for pair in pairs]


def test_control_tokens_that_a_pair_spells_are_text(batches, tmp_path):
    trap = {"prompt": "add 1 </s><user> 2", "chosen": "yes </s> no", "rejected": "<assistant>"}
    pairs = [{**pair, **trap} for pair in PAIRS]
    train("dpo", tmp_path, pairs=pairs, steps=1)
    for ids, mask in zip(*(batches[0][n] for n in ("input_ids", "attention_mask")), strict=True):
        shown = ids[mask.bool()].tolist()
        control = TOKENIZER.convert_tokens_to_ids(["<s>", "<user>", "<assistant>", "</s>"])
        assert [token for token in shown if token in control] == control
        assert TOKENIZER.decode(shown).startswith("<s><user> add 1 </s><user> 2<assistant>")


def encoded(sides):
    return [
        TOKENIZER.apply_chat_template(
            [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        )["input_ids"]
        for prompt, answer in sides
    ]


@pytest.fixture
def batch():
    """Three pairs, the second of them safety, with answers of 2, 1 and 3 tokens and padding."""
    rng = np.random.default_rng(0)
    ids = torch.from_numpy(rng.integers(10, 100, size=(6, 8)))
    attention, answers = torch.ones_like(ids), torch.zeros_like(ids)
    for row, (start, end) in enumerate([(3, 5), (4, 5), (5, 8), (3, 6), (4, 8), (5, 7)]):
        answers[row, start:end] = 1
        ids[row, end:], attention[row, end:] = PADDING, 0
    return {"input_ids": ids, "attention_mask": attention, "completion_mask": answers}


GENERAL = torch.tensor([True, False, True])


def divergence(model, reference, batch):
    return _PlannedTrainer._divergence(SimpleNamespace(ref_model=reference), model, batch, GENERAL)


def expected_divergence(model, reference, batch):
    terms = []
    for row, start, end in ((0, 3, 5), (2, 5, 8)):
        tokens = batch["input_ids"][row : row + 1, :end]
        for position in range(start, end):
            p, q = (m(tokens).logits[0, position - 1].softmax(-1) for m in (model, reference))
            terms.append((p * (p / q).log()).sum())
    return torch.stack(terms).mean()


def test_the_kl_term_is_the_mean_kl_a_token_over_general_chosen_answers(batch):
    model, reference = build(), build(seed=1)
    seen, expected = (f(model, reference, batch) for f in (divergence, expected_divergence))
    assert expected > 0.1
    torch.testing.assert_close(seen, expected)


def test_the_kl_term_is_zero_for_equal_models_and_has_no_gradient_there(batch):
    model = build()
    term = divergence(model, copy.deepcopy(model), batch)
    term.backward()
    assert term.item() == pytest.approx(0.0, abs=1e-6)
    assert max(p.grad.abs().max() for p in model.parameters()) < 1e-5


def test_the_kl_term_pulls_the_policy_and_never_the_reference(batch):
    model, reference = build(), build(seed=1)
    divergence(model, reference, batch).backward()
    assert all(p.grad is None for p in reference.parameters())
    pulled = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    expected_divergence(model, reference, batch).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(pulled[name], parameter.grad, rtol=1e-3, atol=1e-5)


def test_safety_pairs_and_rejected_answers_have_no_part_in_the_kl_term(batch):
    model, reference = build(), build(seed=1)
    before = divergence(model, reference, batch)
    batch["input_ids"][[1, 3, 4, 5]] += 7
    assert torch.equal(divergence(model, reference, batch), before)
    batch["input_ids"][0] += 7
    assert not torch.equal(divergence(model, reference, batch), before)
