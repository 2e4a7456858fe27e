"""Words that an answer is made to begin with."""

from transformers import PreTrainedTokenizerBase


def encode_opening(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of words that an answer begins with, without control tokens; none for no words."""
    if not text:
        return []
    return list(tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True))
