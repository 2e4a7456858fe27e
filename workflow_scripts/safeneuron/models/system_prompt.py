"""What a chat begins with before the user's turn: the template's own system prompt, or another.

A choice becomes part of the tokenizer's chat template, so that whatever builds a chat has it:
capture, attacks, training, judges, capability, and the checkpoints that are trained from it.
"""

import json
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerBase

from safeneuron.models.chat import ChatTemplateError, apply_template

_USER: dict[str, Any] = {"role": "user", "content": "the user's turn"}
_MARK = "the system's turn"


def own_system_prompt(tokenizer: PreTrainedTokenizerBase) -> str | None:
    """The system prompt that the chat template adds of itself; None if it adds none."""
    if tokenizer.chat_template is None:
        return None
    try:
        marked = _shown(tokenizer, {"role": "system", "content": _MARK}, _USER)
    except TemplateError:  # many templates know no system role
        return None
    before, _, after = marked.partition(_MARK)
    plain = _shown(tokenizer, _USER)
    if len(plain) <= len(before + after):
        return None
    around = plain.startswith(before) and plain.endswith(after)
    return plain[len(before) : len(plain) - len(after)] if around else None


def set_system_prompt(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    """Make chats begin with a system prompt; with an empty one, without the template's own.

    Where the template writes a system turn in any case, an empty prompt leaves that turn empty.

    Raises:
        MissingChatTemplateError: the tokenizer has no chat template.
        ChatTemplateError: the template does not show a system prompt.
    """
    own = own_system_prompt(tokenizer)
    _shown(tokenizer, _USER)
    if not text and own is None:
        return
    turn = json.dumps(text, ensure_ascii=False)
    # '+' keeps a line break that the template may begin with
    tokenizer.chat_template = (
        "{% if messages[0]['role'] != 'system' %}"
        "{% set messages = [{'role': 'system', 'content': " + turn + "}] + messages %}"
        "{% endif +%}" + str(tokenizer.chat_template)
    )
    try:
        shown = _shown(tokenizer, _USER)
    except TemplateError:
        shown = ""
    if not shown or text.strip() not in shown or (own is not None and own in shown and own != text):
        raise ChatTemplateError(
            f"the chat template of {tokenizer.name_or_path!r} shows no system prompt; set "
            "system_prompt of this model to null, or give it a template that does"
        )


def _shown(tokenizer: PreTrainedTokenizerBase, *turns: dict[str, Any]) -> str:
    return str(apply_template(tokenizer, list(turns), tokenize=False))
