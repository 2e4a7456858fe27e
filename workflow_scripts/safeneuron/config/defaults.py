"""Which values of a configuration are defaults: a user who never wrote them is told so."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml
from pydantic import BaseModel

from safeneuron.config.schema.experiment import Config

_KEYS = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")


def note_on_defaults(message: str, settings: Any, section: str = "") -> str:
    """What to add to a message about keys whose values are defaults; nothing if none are.

    Args:
        message: names keys in full, or of the section alone.
        settings: the configuration, validated or as it was given.
        section: key of the section that the message is about.
    """
    notes = []
    for word in dict.fromkeys(_KEYS.findall(message)):
        key = word if "." in word or not section else f"{section}.{word}"
        if is_default(settings, key):
            value = yaml.safe_dump(_value(settings, key), default_flow_style=True, width=10_000)
            notes.append(f"{word}: {_short(value.strip().removesuffix('...').strip())}")
    if not notes:
        return ""
    are = "is the default, write your own value" if len(notes) == 1 else "are defaults"
    return f"; {' and '.join(notes)} {are}"


def note_on_merging(keys: Iterable[str], section: str) -> str:
    """What to add to a message about keys that a section cannot have, if they are of a default.

    Mappings merge: an entry that takes a default entry's name has that entry's keys too.
    """
    try:
        default = _value(_DEFAULTS, section)
    except KeyError:
        return ""
    fields = type(default).model_fields if isinstance(default, BaseModel) else {}
    merged = [key for key in keys if key in fields]
    if not merged:
        return ""
    return (
        f"; {', '.join(merged)} belong to the default entry of this name, which yours is merged "
        "with: give yours another name"
    )


def is_default(settings: Any, key: str) -> bool:
    """Whether a key (not a whole section) has the value that it has if nobody writes it."""
    try:
        value = _value(settings, key)
    except KeyError:
        return False
    if isinstance(value, (Mapping, BaseModel)):
        return False
    try:
        return bool(value == _value(_DEFAULTS, key))
    except KeyError:
        above, _, name = key.rpartition(".")
        section = _value(settings, above) if above else settings
        return isinstance(section, BaseModel) and value == type(section).model_fields[name].default


_DEFAULTS = Config()


def _value(settings: Any, key: str) -> Any:
    """What stands at a key; names in it may have points themselves."""
    if isinstance(settings, BaseModel):
        names: Sequence[str] = list(type(settings).model_fields)
    else:
        names = [str(name) for name in settings] if isinstance(settings, Mapping) else []
    for name in sorted(names, key=len, reverse=True):
        if key == name or key.startswith(f"{name}."):
            below = settings[name] if isinstance(settings, Mapping) else getattr(settings, name)
            return below if key == name else _value(below, key[len(name) + 1 :])
    raise KeyError(key)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
