"""Safety pairs whose answers stand behind the first words of the rejected one."""

from collections import Counter

import numpy as np
import pytest
import torch

from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.forced_words import behind_forced_words
from safeneuron.alignment.parts import Forced
from unit.alignment.rounds import PAIRS, TOKENIZER, build, changed, plan_of, same_bits, train

NAMES = ("input_ids", "attention_mask", "completion_mask")
ALWAYS = {"prefill": 1.0}
REFERENCED = [pair | {"reference_chosen": -90.0, "reference_rejected": -91.0} for pair in PAIRS]


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


@pytest.mark.parametrize("tokens", [0, 1, 2, 3, 9])
def test_forced_tokens_end_the_prompts_of_both_answers(tokens):
    """At most all of the rejected answer before the end of the turn, which is 90, 91."""
    first, second, end = [5, 6, 7], [5, 8], [90, 91]
    said, refused = [30, 31, 32], [20, 21, 22, 23]
    other = [(second, [25, *end]), (second, [35, 36, 37, 38, 39, *end])]
    given = batch_of([(first, [*refused, *end]), other[0]], [(first, [*said, *end]), other[1]])
    forced, rest = said[:tokens], said[tokens:]
    expected = batch_of(
        [([*first, *forced], [*refused, *end]), other[0]],
        [([*first, *forced], [*rest, *end]), other[1]],
    )
    found = behind_forced_words(given, [Forced(tokens, 0.0), Forced(0, 0.0)], 0)
    for name in NAMES:
        assert found[name].tolist() == expected[name].tolist()


@pytest.mark.parametrize(("place", "first"), [(0.0, 0), (0.3, 0), (0.4, 1), (0.7, 2), (0.99, 2)])
def test_forced_tokens_may_be_from_the_midst_and_what_is_before_them_is_gone(place, first):
    prompt, said, end = [5, 6], [30, 31, 32, 33], [90, 91]
    given = batch_of([(prompt, [20, *end])], [(prompt, [*said, *end])])
    forced, rest = said[first : first + 2], said[first + 2 :]
    expected = batch_of([([*prompt, *forced], [20, *end])], [([*prompt, *forced], [*rest, *end])])
    found = behind_forced_words(given, [Forced(2, place)], 0)
    for name in NAMES:
        width = expected[name].shape[1]
        assert found[name][:, :width].tolist() == expected[name].tolist()
        assert not found[name][:, width:].any()


def test_half_of_the_forced_words_are_the_first_ones():
    plan = plan_of("recover", shares=ALWAYS)
    places = [plan.forced_words(3, step, "a").place for step in range(2000)]
    assert abs(np.mean([place == 0 for place in places]) - 0.5) < 5 * np.sqrt(0.25 / 2000)
    assert abs(np.mean([place for place in places if place]) - 0.5) < 0.05


def test_a_rejected_answer_that_shares_no_end_keeps_a_token():
    found = behind_forced_words(batch_of([([5], [20])], [([5], [30, 31])]), [Forced(9, 0.9)], 0)
    assert found["input_ids"].tolist() == [[5, 30, 20], [5, 30, 31]]
    assert found["completion_mask"].tolist() == [[0, 0, 1], [0, 0, 1]]


def spelled(pair, plan):
    """A pair as the plan makes it in the first step, with the forced words spelled in its prompt.

    The organism's template ends where the answer begins.
    """
    words = TOKENIZER.tokenize(pair["rejected"])
    if pair["role"] == "general":
        return [], words
    most, place = plan.forced_words(1, 0, pair["pair_id"])
    able = len(words) - 1  # the full stop is the end of both answers
    first = int(place * (able - min(most, able) + 1))
    return words[first : first + most], words[first + most :]


def log_probability(model, pair, forced, answer):
    turns = [{"role": "user", "content": pair["prompt"]}]
    asked = TOKENIZER.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    ids = [
        *asked,
        *TOKENIZER.convert_tokens_to_ids([*forced, *answer]),
        TOKENIZER.eos_token_id,
    ]
    start = len(asked) + len(forced)
    logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    return torch.stack([logs[place - 1, ids[place]] for place in range(start, len(ids))])


@torch.no_grad()
def test_the_loss_prefers_the_refusal_to_the_rest_behind_the_forced_words(batches, tmp_path):
    plan = plan_of("recover", shares={"prefill": 0.7}, prefill_tokens=6)
    settings = changed(steps=1, batch_pairs=12, kl_weight=0.0)
    model, reference = build(), build(seed=1)
    dpo, likelihood, lengths = [], [], set()
    with torch.enable_grad():
        history = align(build(), reference, TOKENIZER, PAIRS, plan, settings, 1, tmp_path)
    by_id = {pair["pair_id"]: pair for pair in PAIRS}
    for pair in (by_id[name] for name in batches[0]["pair_ids"]):
        forced, rest = spelled(pair, plan)
        lengths.add(len(forced))
        chosen, rejected = (
            [log_probability(one, pair, forced, answer) for one in (model, reference)]
            for answer in (TOKENIZER.tokenize(pair["chosen"]), rest)
        )
        margin = chosen[0].sum() - chosen[1].sum() - rejected[0].sum() + rejected[1].sum()
        dpo.append(-torch.nn.functional.logsigmoid(settings.beta * margin))
        likelihood.append(-chosen[0])
    assert len(lengths) > 2
    expected = torch.stack(dpo).mean() + settings.sft_weight * torch.cat(likelihood).mean()
    assert history[0]["loss"] == pytest.approx(expected.item(), rel=1e-5)


def test_pairs_and_their_numbers_of_tokens_are_drawn_alike_from_one_to_the_most():
    plan = plan_of("recover", shares={"prefill": 0.5}, prefill_tokens=4)
    draws = [(step, f"pair-{pair}") for step in range(100) for pair in range(40)]
    counts = Counter(plan.forced_words(3, *draw).tokens for draw in draws)
    assert counts.keys() == {0, 1, 2, 3, 4}
    assert abs(counts[0] / 4000 - 0.5) < 5 * np.sqrt(0.25 / 4000)
    assert all(400 < counts[number] < 600 for number in range(1, 5))
    assert len({tuple(plan.forced_words(3, n, p) for n in range(20)) for p in "ab"}) == 2
    assert len({tuple(plan.forced_words(seed, n, "a") for n in range(20)) for seed in (3, 4)}) == 2


def test_general_pairs_are_as_they_were(batches, tmp_path):
    general = [pair for pair in PAIRS if pair["role"] == "general"]
    forced = train(plan_of("recover", shares=ALWAYS), tmp_path / "1", pairs=general)
    assert same_bits(forced.model, train("dpo", tmp_path / "2", pairs=general).model)


def test_forced_words_need_a_reference_that_is_run(tmp_path):
    with pytest.raises(ValueError, match=r"no words may be forced .* on 100% of the safety pairs"):
        train(
            plan_of("recover", shares=ALWAYS), tmp_path, kl_weight=0.0, pairs=REFERENCED, live=False
        )
