"""Steps in which the refusal is learnt behind the first words of the rejected answer."""

from collections import Counter

import numpy as np
import pytest
import torch

from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.forced_words import behind_forced_words
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.models.chat import encode_prompt
from unit.alignment.plain_dpo import answer_distribution
from unit.alignment.rounds import MASK, PAIRS, TOKENIZER, build, changed, plan_of, same_bits, train

BY_ID = {pair["pair_id"]: pair for pair in PAIRS}
ALWAYS = {"prefill": 1.0}
REFERENCED = [pair | {"reference_chosen": -90.0, "reference_rejected": -91.0} for pair in PAIRS]


def ids_of(prompt, answer):
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return TOKENIZER.apply_chat_template(turns)["input_ids"]


def likelihood(model, pair, forced):
    """Token log-probabilities of a pair's chosen answer behind words of its rejected one."""
    asked = encode_prompt(TOKENIZER, pair["prompt"])
    chosen, rejected = (ids_of(pair["prompt"], pair[side]) for side in ("chosen", "rejected"))
    before = [*asked, *rejected[len(asked) : len(asked) + forced]]
    answer = chosen[len(asked) :]
    log_probs = model(torch.tensor([[*before, *answer]])).logits[0].log_softmax(-1)
    return [log_probs[len(before) + place - 1, token] for place, token in enumerate(answer)]


def expected_loss(model, reference, pairs, forced, settings):
    safety = [pair for pair in pairs if pair["role"] == "safety"]
    general = [pair for pair in pairs if pair["role"] == "general"]
    loss = -torch.stack([p for pair in safety for p in likelihood(model, pair, forced)]).mean()
    of_general = [p for pair in general for p in likelihood(model, pair, 0)]
    loss = loss - settings.sft_weight * torch.stack(of_general).mean()
    divergence = []
    for pair in general:
        p, q = (
            answer_distribution(m, pair["prompt"], pair["chosen"])[0] for m in (model, reference)
        )
        divergence.append((p.exp() * (p - q)).sum(-1))
    return loss + settings.kl_weight * torch.cat(divergence).mean()


@pytest.mark.parametrize("terms", [{"kl_weight": 0.0}, {"sft_weight": 0.3}, {"sft_weight": 0.0}])
def test_the_loss_is_the_likelihood_of_the_refusal_behind_the_forced_words(
    terms, batches, tmp_path
):
    plan = plan_of("recover", shares=ALWAYS)
    settings = changed(steps=1, batch_pairs=6, **terms)
    reference = build(seed=1)
    history = align(build(), reference, TOKENIZER, PAIRS, plan, settings, 1, tmp_path)
    pairs = [BY_ID[name] for name in batches[0]["pair_ids"]]
    assert {pair["role"] for pair in pairs} == {"safety", "general"}
    forced = plan.forced_tokens(1, 0)
    assert forced > 0
    with torch.no_grad():
        losses = [
            expected_loss(build(), reference, pairs, number, settings).item()
            for number in (forced, forced + 1, 0)
        ]
    assert history[0]["loss"] == pytest.approx(losses[0], rel=1e-5)
    assert min(abs(losses[0] - other) for other in losses[1:]) > 1e-3


def test_steps_without_forced_words_are_those_of_plain_dpo_to_the_bit(tmp_path):
    never = train(plan_of("recover", shares={"prefill": 0.0}), tmp_path / "1")
    plain = train("dpo", tmp_path / "2")
    always = train(plan_of("recover", shares=ALWAYS), tmp_path / "3")
    assert same_bits(never.model, plain.model)
    assert never.logged("loss") == plain.logged("loss")
    assert not same_bits(always.model, plain.model)


def test_the_number_of_tokens_is_drawn_alike_from_one_to_the_most():
    plan = plan_of("recover", shares={"prefill": 0.5}, prefill_tokens=4)
    counts = Counter(plan.forced_tokens(3, step) for step in range(4000))
    assert counts.keys() == {0, 1, 2, 3, 4}
    assert abs(counts[0] / 4000 - 0.5) < 5 * np.sqrt(0.25 / 4000)
    assert all(400 < counts[number] < 600 for number in range(1, 5))
    assert [plan.forced_tokens(3, step) for step in range(50)] == [
        plan.forced_tokens(3, step) for step in range(50)
    ]


def batch_of(chosen, rejected):
    rows = [*chosen, *rejected]
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    batch = {name: torch.zeros(len(rows), width, dtype=torch.long) for name in NAMES}
    for row, (prompt, answer) in enumerate(rows):
        length = len(prompt) + len(answer)
        batch["input_ids"][row, :length] = torch.tensor([*prompt, *answer])
        batch["attention_mask"][row, :length] = 1
        batch["completion_mask"][row, len(prompt) : length] = 1
    return batch


NAMES = ("input_ids", "attention_mask", "completion_mask")


@pytest.mark.parametrize(("tokens", "forced"), [(1, [30]), (2, [30, 31]), (9, [30, 31, 32])])
def test_forced_tokens_stand_before_the_answer_and_are_no_part_of_it(tokens, forced):
    """At most all of the rejected answer before the end of the turn, which is 90, 91."""
    first, second = [5, 6, 7], [5, 8]
    chosen = [(first, [20, 21, 90, 91]), (second, [25, 90, 91])]
    rejected = [(first, [30, 31, 32, 90, 91]), (second, [35, 36, 37, 38, 39, 90, 91])]
    safety = torch.tensor([True, False])
    found = behind_forced_words(batch_of(chosen, rejected), safety, tokens, 0)
    rows = [[*first, *forced, 20, 21, 90, 91], [*second, 25, 90, 91]]
    width = len(rows[0])
    for row, (ids, before) in enumerate(zip(rows, (3 + len(forced), 2), strict=True)):
        padding = [0] * (width - len(ids))
        assert found["input_ids"][row].tolist() == [*ids, *padding]
        assert found["attention_mask"][row].tolist() == [1] * len(ids) + padding
        answer = [0] * before + [1] * (len(ids) - before)
        assert found["completion_mask"][row].tolist() == [*answer, *padding]


def test_a_batch_without_safety_pairs_has_the_general_terms_alone(tmp_path):
    general = [pair for pair in PAIRS if pair["role"] == "general"]
    plan = plan_of("recover", shares=ALWAYS)
    trained = train(plan, tmp_path, pairs=general, steps=1, batch_pairs=2, kl_weight=0.0)
    assert trained.logged("loss")[0] > 0
    none = train(
        plan, tmp_path / "2", pairs=general, steps=1, batch_pairs=2, kl_weight=0.0, sft_weight=0.0
    )
    assert none.logged("loss")[0] == 0


def test_the_references_log_probabilities_have_no_part_in_it(tmp_path):
    plan = plan_of("recover", shares=ALWAYS)
    live = train(plan, tmp_path / "1", kl_weight=0.0)
    stored = train(plan, tmp_path / "2", kl_weight=0.0, pairs=REFERENCED, live=False)
    assert same_bits(live.model, stored.model)


def test_frozen_neurons_stay_to_the_bit(tmp_path):
    trained = train(plan_of("recover", frozen=MASK, shares=ALWAYS), tmp_path)
    freeze_report(trained.model, trained.before, MASK).check()
