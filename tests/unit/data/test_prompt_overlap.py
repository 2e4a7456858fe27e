"""Prompts that sets share: what counts as the same, what is a leak, what is allowed."""

import pytest

from safeneuron.data.normalise import normalise
from safeneuron.data.prompt_overlap import (
    LeakageError,
    PromptSet,
    check_leakage,
    overlap_rows,
)

FOUND = PromptSet("mine", "unsafe", {"a": "How to X?", "b": "Why Y", "c": "how to x"})
TRAINED = PromptSet("preferences", "training", {"p": "What's Z?"})
TESTED = PromptSet("asr", "evaluation", {"1": "HOW TO  X!", "2": "whats z", "3": "other"})


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("How do I?", "how do i", True),
        ("don't  go", "Dont\ngo", True),
        ("well-known: yes", "well known yes", True),
        ("a b", "b a", False),
        ("日本語。", "日本語", True),
        ("???", "!!!", False),
        ("C++ code", "C code", True),
    ],
)
def test_prompts_are_the_same_but_for_case_punctuation_and_space(text, other, same):
    assert (normalise(text) == normalise(other)) is same


def test_one_row_a_pair_of_sets_with_the_evaluated_one_second():
    rows = overlap_rows([TESTED, FOUND, TRAINED], set())
    assert [(r["first"], r["second"], r["shared"], r["leak"]) for r in rows] == [
        ("mine", "asr", 1, True),
        ("preferences", "asr", 1, True),
        ("mine", "preferences", 0, False),
    ]
    assert rows[0] == {
        "first": "mine",
        "first_use": "unsafe",
        "second": "asr",
        "second_use": "evaluation",
        "n_first": 2,
        "n_second": 3,
        "shared": 1,
        "leak": True,
        "allowed": False,
        "first_ids": "a",
    }


def test_a_leak_is_an_error_that_names_sets_and_ids_but_no_text():
    with pytest.raises(LeakageError) as caught:
        check_leakage(overlap_rows([FOUND, TRAINED, TESTED], set()))
    assert str(caught.value).splitlines() == [
        "1 of the 3 evaluation prompts of 'asr' are also unsafe prompts of 'mine' (ids there: a): "
        "leave them out, or set allow_overlap: [[mine, asr]]",
        "1 of the 3 evaluation prompts of 'asr' are also training prompts of 'preferences' "
        "(ids there: p): leave them out, or set allow_overlap: [[preferences, asr]]",
    ]


def test_what_is_validated_on_was_not_trained_on_and_is_not_evaluated_on():
    gate = PromptSet("gate-mine", "validation", TRAINED.prompts)
    trained, tested = overlap_rows([gate, TRAINED, TESTED], set())[:2]
    assert (trained["first"], trained["second"], trained["leak"]) == (
        "preferences",
        "gate-mine",
        True,
    )
    assert (tested["first"], tested["second"], tested["leak"]) == ("gate-mine", "asr", True)
    with pytest.raises(LeakageError, match="validation prompts of 'gate-mine' are also training"):
        check_leakage([trained])


def test_only_the_pairs_that_are_named_are_allowed():
    with pytest.raises(LeakageError, match="'preferences'") as caught:
        check_leakage(overlap_rows([FOUND, TRAINED, TESTED], {("mine", "asr")}))
    assert "'mine'" not in str(caught.value)
    both = {("mine", "asr"), ("preferences", "asr")}
    check_leakage(overlap_rows([FOUND, TRAINED, TESTED], both))


def test_benchmarks_may_share_prompts_and_so_may_identification_and_training():
    other = PromptSet("more", "evaluation", TESTED.prompts)
    trained = PromptSet("preferences", "training", FOUND.prompts)
    check_leakage(overlap_rows([TESTED, other], set()))
    check_leakage(overlap_rows([FOUND, trained], set()))


def test_at_most_twenty_ids_are_shown():
    many = {str(n): f"prompt {n}" for n in range(50)}
    (row,) = overlap_rows(
        [PromptSet("a", "unsafe", many), PromptSet("b", "evaluation", many)], set()
    )
    assert (row["shared"], len(row["first_ids"].split())) == (50, 20)
