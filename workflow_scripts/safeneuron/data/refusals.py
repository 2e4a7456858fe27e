"""Sentences that decline, where a data set names what is refused but not how."""

import hashlib
from collections.abc import Sequence

from safeneuron.data.normalise import normalise

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot help with this request, because it could cause harm.",
    "I'm sorry, but I can't assist with that. Is there something else that I can help with?",
    "I can't help with that, since it could hurt people.",
    "I'm not able to help with this, as it could be harmful or illegal.",
    "I won't help with that, because it isn't safe.",
)


def refusal_of(prompt: str, sentences: Sequence[str] = REFUSALS) -> str:
    """One of some sentences, by a hash of the prompt's words: the same in every run."""
    digest = hashlib.sha256(normalise(prompt).encode()).digest()
    return sentences[int.from_bytes(digest[:8], "big") % len(sentences)]
