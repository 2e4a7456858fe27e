"""Any text runs through the organism's tokenizer; what comes back is stated exactly."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from safeneuron.organism.tokenizer import SPECIAL_TOKENS, build_tokenizer, language_words

TOKENIZER = build_tokenizer()

# what the tokenizer reads as its own: special tokens, bytes, and the sign that stands for a space
RESERVED = re.compile("|".join((*SPECIAL_TOKENS, "<unk>", "<0x[0-9A-F]{2}>", "▁")))

unicode_text = st.text(st.characters(exclude_categories=["Cs"]))  # all but lone surrogates
language_text = st.lists(st.sampled_from([*language_words(), " ", "  ", "lamps", "é", "\n"])).map(
    " ".join
)
texts = st.one_of(unicode_text, language_text).filter(lambda text: not RESERVED.search(text))


def round_trip(text):
    return TOKENIZER.decode(TOKENIZER(text, add_special_tokens=False)["input_ids"])


@given(texts)
@example("  two  leading spaces")
@example("\ttabs\r\nand ends ")
def test_a_text_comes_back_but_for_one_leading_space(text):
    assert round_trip(text) == text.removeprefix(" ")


@given(texts)
def test_no_text_has_an_unknown_or_a_special_token(text):
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert all(len(SPECIAL_TOKENS) < token < len(TOKENIZER) for token in ids)


@given(st.lists(st.sampled_from(language_words()), min_size=1))
def test_words_of_the_language_are_a_token_each_in_any_order(words):
    ids = TOKENIZER(" ".join(words), add_special_tokens=False)["input_ids"]
    assert TOKENIZER.convert_ids_to_tokens(ids) == ["▁" + word for word in words]
