"""Preference pairs: a chosen and a rejected answer to one prompt, of text or about an image."""

from safeneuron.artifacts.tables import BYTES, TEXT, schema

PREFERENCES = schema(
    pair_id=TEXT,
    role=TEXT,  # its part of the mix, SAFETY or GENERAL
    source=TEXT,  # the key of `preferences` that it came from
    prompt=TEXT,
    chosen=TEXT,
    rejected=TEXT,
    image=BYTES,  # a file that Pillow reads, shown before the prompt; null for none
)
SAFETY, GENERAL = "safety", "general"
