"""Whether a response is text at all: a pruned model may neither comply nor refuse but break.

No model is asked. What is found: no words, undecodable bytes, the same words over and over. Words
in a wrong order are not found: a response without loops passes, whether it makes sense or not.
"""

import re
from collections import Counter
from collections.abc import Sequence

MAX_PERIOD = 20
"""Words (or letters of a word) in the longest unit whose repetition counts as a loop."""

MIN_LOOP_SHARE = 0.2
"""Share of the words in one loop: a unit said three times or more in a row."""

MIN_UNENDED_LOOP = 8
"""Words of a loop at the end of a response that was cut off: there any share is enough."""

MAX_REPEATED_4GRAMS = 0.5
"""Of all four words in a row, the share said before (seq-rep-4, Welleck et al., 2020)."""

MIN_4GRAMS = 20
"""Fewer say nothing about repetition."""

MAX_REPLACED = 0.01
"""Share of U+FFFD in the characters; a single one is a token that was cut off."""

LONG_WORD = 40
"""Letters; longer words are searched for loops of letters."""

_TIMES = 3
# Chinese characters and Japanese kana are words of their own
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


def broken_reason(response: str, finish: str) -> str | None:
    """Why a response is no coherent text, or None if nothing is found.

    Args:
        finish: `stop` or `length`, for a response that did not end by itself.
    """
    words = _WORD.findall(response.lower())
    if not words:
        return "no words"
    replaced = response.count("\ufffd")
    if replaced > 1 and replaced / len(response) > MAX_REPLACED:
        return "undecodable bytes"
    loop, at_end = _longest_loop(words)
    if loop >= MIN_LOOP_SHARE * len(words):
        return "repeats itself"
    if finish == "length" and at_end >= MIN_UNENDED_LOOP:
        return "repeats itself without end"
    longest = max(words, key=len)
    if len(longest) > LONG_WORD and _longest_loop(longest)[0] >= LONG_WORD:
        return "repeats letters"
    if _repeated_4grams(words) > MAX_REPEATED_4GRAMS:
        return "repeats its phrases"
    return None


def _longest_loop(items: Sequence[str]) -> tuple[int, int]:
    """Length of the longest stretch of one unit three times or more, and of one up to the end."""
    longest = at_end = 0
    if len(set(items)) == len(items):
        return longest, at_end
    for period in range(1, min(MAX_PERIOD, len(items) // _TIMES) + 1):
        equal = 0  # items that equal the one a period before, up to here
        for before, item in zip(items, items[period:], strict=False):
            equal = equal + 1 if before == item else 0
            if equal >= (_TIMES - 1) * period:
                longest = max(longest, equal + period)
        if equal >= (_TIMES - 1) * period:
            at_end = max(at_end, equal + period)
    return longest, at_end


def _repeated_4grams(words: Sequence[str]) -> float:
    grams = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    total = grams.total()
    return 1 - len(grams) / total if total >= MIN_4GRAMS else 0.0
