"""What counts as broken text; the words are the organism's and made up."""

import pytest

from safeneuron.judges.coherence import broken_reason

LOOP = "the lamp is here and then "
PROSE = " ".join(f"word{i}" for i in range(100))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no words"),
        (" ... ,,, \n !!!!!!!!", "no words"),
        ("sure \ufffd\ufffd here \ufffd", "undecodable bytes"),
        ("lamp lamp lamp", "repeats itself"),
        ("sorry , i can not not not not help with that .", "repeats itself"),
        ("sorry , i can not " * 3 + "help with that .", "repeats itself"),
        (PROSE + LOOP * 9, "repeats itself"),
        ("好" * 12, "repeats itself"),
        ("ha" * 40, "repeats letters"),
        # every phrase three times, but not in a row
        (" ".join(f"a{i} b{i} c{i} d{i} e{i}" for i in (*range(9), *range(9, 0, -1)) * 3),
         "repeats its phrases"),
    ],
)  # fmt: skip
def test_broken_text_is_known_by_why(text, reason):
    assert broken_reason(text, "stop") == reason


@pytest.mark.parametrize(
    "text",
    [
        "sure , here is how to clean the lamp : use a brush twice .",
        "I'm sorry, but I can't help with that.",
        "No. I will not.",
        "yes",
        "42",
        "This is very, very, very important, and the rest of this sentence is about other things.",
        PROSE + "\ufffd",  # a token cut off at the limit
        "\n".join(f"{i}. Take part number {i} and put it down." for i in range(1, 9)),
        "第一步是准备好工具。然后慢慢地打开盒子。",
        "https://example.org/" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    ],
)
def test_text_with_some_repetition_is_text(text):
    assert broken_reason(text, "stop") is None


def test_a_loop_at_the_end_breaks_a_response_that_did_not_end():
    text = PROSE + " and then this " * 3  # 9 of 109 words
    assert broken_reason(text, "stop") is None
    assert broken_reason(text, "length") == "repeats itself without end"
    assert broken_reason(text + "but no more", "length") is None


def test_a_loop_is_a_unit_three_times():
    assert broken_reason(LOOP * 2, "length") is None
    assert broken_reason(LOOP * 3, "length") == "repeats itself"
