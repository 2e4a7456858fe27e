"""What `snakemake --config` hands over: text, where a file would have numbers, flags and null.

Snakemake reads `--config 'seeds=[0,1]'` as the list of '0' and '1'. Here a value means what it
would mean in a file; where a key needs text, it stays the text that was typed.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import yaml


def as_in_a_file(raw: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose values from the command line are read as YAML.

    Args:
        raw: the whole configuration.
        typed: the part of it that was given on the command line, as Snakemake read it.
    """
    settings = dict(raw)
    for key, value in typed.items():
        meant = _key(key)
        if meant != key:
            settings.pop(key, None)
        below = settings.get(meant)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            settings[meant] = as_in_a_file(below, value)
        else:
            settings[meant] = _read(value)
    return settings


def with_text(settings: Any, typed: Any, path: Sequence[Any]) -> Any:
    """The same settings, but with the text that was typed at a path, if any was."""
    if not path:
        return typed if isinstance(typed, str) else settings
    key, *rest = path
    try:
        below = typed[str(key) if isinstance(typed, Mapping) else key]
        replaced = with_text(settings[key], below, rest)
    except (KeyError, IndexError, TypeError):
        return settings
    changed = copy(settings)
    changed[key] = replaced
    return changed


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        scalar = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return value if isinstance(scalar, (str, list, dict)) else scalar


def _key(key: Any) -> Any:
    """A key as YAML reads it: a number where it is one, such as a round's."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key
