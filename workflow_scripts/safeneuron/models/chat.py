"""Prompts as the model sees them: its own chat template, generation prompt included."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase


class MissingChatTemplateError(ValueError):
    """The tokenizer has no chat template."""


def encode_prompt(tokenizer: PreTrainedTokenizerBase, prompt: str) -> list[int]:
    """Token ids of one user turn with the generation prompt, no BOS added twice.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
    """
    if tokenizer.chat_template is None:
        raise MissingChatTemplateError(
            f"the tokenizer in {tokenizer.name_or_path!r} has no chat template; save one as "
            "chat_template.jinja beside tokenizer.json (the base model's authors publish theirs)"
        )
    turn = [{"role": "user", "content": prompt}]
    encoded = tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=True)
    return list(encoded["input_ids"])


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """`encode_prompt` of each prompt."""
    return [encode_prompt(tokenizer, prompt) for prompt in prompts]
