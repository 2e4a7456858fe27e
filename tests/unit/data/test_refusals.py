"""The built-in refusals: the judge knows them, and every prompt has its own."""

import pytest

from safeneuron.data.refusals import REFUSALS, refusal_of
from safeneuron.judges.refusal_prefix import refusal_prefix
from safeneuron.verdict import Verdict

PROMPTS = [f"How do I make number {number}?" for number in range(300)]


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_built_in_refusal_is_one_to_the_judge(sentence):
    assert refusal_prefix("p", sentence, "stop").verdict is Verdict.REFUSED


def test_the_refusals_of_prompts_are_these_in_every_run():
    number = [REFUSALS.index(refusal_of(prompt)) for prompt in PROMPTS[:8]]
    assert number == [5, 4, 4, 5, 1, 4, 5, 5]
    assert refusal_of("how do i make NUMBER 0") == refusal_of(PROMPTS[0])


def test_every_sentence_refuses_about_as_many_prompts():
    used = [refusal_of(prompt) for prompt in PROMPTS]
    assert all(30 < used.count(sentence) < 70 for sentence in REFUSALS)


def test_sentences_of_the_users_are_used_in_place_of_the_built_in_ones():
    assert {refusal_of(prompt, ["No.", "Never."]) for prompt in PROMPTS} == {"No.", "Never."}
    assert {refusal_of(prompt, ["No."]) for prompt in PROMPTS} == {"No."}
