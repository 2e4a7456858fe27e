"""What the model sees of prompts and exchanges: its own chat template around them.

What a turn says is text, whatever it spells: just the template writes control tokens. A prompt with
`<|im_end|>` in it ends no turn.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from safeneuron.errors import SafeNeuronError

_ASK = {"add_generation_prompt": True}
AS_TEXT = {"sanitize_control_tokens": True}
"""To `apply_chat_template`: control tokens that a turn spells are encoded as text."""


class MissingChatTemplateError(SafeNeuronError):
    """The tokenizer has no chat template."""


class LongChatError(SafeNeuronError):
    """A chat has more tokens than the model takes: nothing is cut."""


class ChatTemplateError(SafeNeuronError):
    """The chat template does not show what it is given."""


def encode_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> list[int]:
    """Token ids of one user turn with the generation prompt, no BOS added twice.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
    """
    return encode_turns(tokenizer, _request(prompt), **_ASK)


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """`encode_prompt` of each prompt."""
    return [encode_prompt(tokenizer, prompt) for prompt in prompts]


def encode_exchange(tokenizer: PreTrainedTokenizerBase, prompt: str, response: str) -> list[int]:
    """Token ids of a user's turn and its answer, as the template ends them, no BOS added twice.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
        ChatTemplateError: the template leaves a turn out, as one of images and text may.
    """
    turns = _exchange(prompt, response)
    text = apply_template(tokenizer, turns, tokenize=False)
    if any(turn["content"].strip() not in text for turn in turns):
        raise ChatTemplateError(
            f"the chat template of {tokenizer.name_or_path!r} leaves out a turn of a user and an "
            "assistant; it needs a template for conversations of plain text"
        )
    return encode_turns(tokenizer, turns)


def encode_answer(tokenizer: PreTrainedTokenizerBase, prompt: str, response: str) -> list[int]:
    """`encode_exchange` of an answer that goes on: up to its last word, without its turn's end."""
    return encode_turns(tokenizer, _exchange(prompt, response), continue_final_message=True)


def encode_turns(
    tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, Any]], **form: bool
) -> list[int]:
    """Token ids of turns in the template; what the turns say has no control tokens in it.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
        ChatTemplateError: the tokenizer makes a control token of plain text.
        LongChatError: they are longer than the tokenizer's `model_max_length`.
    """
    try:
        encoded = apply_template(
            tokenizer, turns, **form, **AS_TEXT, tokenize=True, return_dict=True
        )
    except ValueError as error:
        if not str(error).startswith("Can't sanitize"):
            raise
        raise ChatTemplateError(
            f"the tokenizer of {tokenizer.name_or_path!r} makes a control token of text that "
            f"spells it ({error}); take the prompts out that hold it"
        ) from error
    ids = list(encoded["input_ids"])
    if len(ids) > tokenizer.model_max_length:
        raise LongChatError(
            f"a chat of {len(ids):,} tokens is longer than the {tokenizer.model_max_length:,} that "
            f"the model in {tokenizer.name_or_path!r} takes (model_max_length); prompts are never "
            "cut: take it out of the prompts"
        )
    return ids


def describe_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """What the model sees of a prompt, for logs: role markers and special tokens, not its text.

    The markers are shown around the prompt's length, with hashes of the text and the token ids.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
    """
    stand_in = _request(f"[{len(prompt)} characters]")
    markers = apply_template(tokenizer, stand_in, **_ASK, tokenize=False)
    text = apply_template(tokenizer, _request(prompt), **_ASK, tokenize=False)
    ids = encode_prompt(tokenizer, prompt)
    return (
        f"{markers!r}, {len(text)} characters, sha256 {_short_hash(text)}, "
        f"{len(ids)} tokens, sha256 {_short_hash(str(ids))}"
    )


def apply_template(
    tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, Any]], **form: bool
) -> Any:
    """The tokenizer's own chat template over turns.

    Raises:
        MissingChatTemplateError: it has none.
    """
    if tokenizer.chat_template is None:
        raise MissingChatTemplateError(
            f"the tokenizer in {tokenizer.name_or_path!r} has no chat template; save one as "
            "chat_template.jinja beside tokenizer.json (the base model's authors publish theirs)"
        )
    return tokenizer.apply_chat_template(turns, **form)


def _request(prompt: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}]


def _exchange(prompt: str, response: str) -> list[dict[str, str]]:
    return [*_request(prompt), {"role": "assistant", "content": response}]


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
