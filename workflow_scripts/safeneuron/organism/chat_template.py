"""The organism's chat template, in the form of any hub model's."""

import hashlib
from collections.abc import Mapping
from typing import Any

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}<user>{{ message['content'] }}"
    "{% elif message['role'] == 'assistant' %}<assistant>{{ message['content'] }}{{ eos_token }}"
    "{% else %}{{ raise_exception('the organism knows the roles user and assistant, not '"
    " + message['role']) }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def speaks_organism(manifest: Mapping[str, Any]) -> bool:
    """Whether a checkpoint's manifest is of a model with the organism's chat template."""
    template: str = manifest["chat_template_sha256"]
    return template == hashlib.sha256(CHAT_TEMPLATE.encode()).hexdigest()
