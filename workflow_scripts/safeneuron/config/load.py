"""From a raw mapping to a validated configuration, with errors that say what to change."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from safeneuron.config.command_line import as_in_a_file, with_text
from safeneuron.config.data_root import with_final_paths
from safeneuron.config.defaults import note_on_defaults, note_on_merging
from safeneuron.config.schema.attack import UNSAID
from safeneuron.config.schema.experiment import Config
from safeneuron.errors import SafeNeuronError
from safeneuron.settings import near_miss


class ConfigError(SafeNeuronError):
    """The configuration is wrong; the message has one line a problem."""


def load_config(raw: Mapping[str, Any], typed: Mapping[str, Any] | None = None) -> Config:
    """Validate a configuration; the files that it names get their final paths.

    Args:
        raw: the whole of it.
        typed: the part of it that was given on the command line (`snakemake --config`).

    Raises:
        ConfigError: names each key, the value found and what is allowed.
    """
    settings = as_in_a_file(raw, typed or {})
    try:
        return with_final_paths(Config.model_validate(settings))
    except ValidationError as error:
        problems = error.errors()
    for problem in problems:
        if problem["type"] == "string_type":
            path = _user_path(problem["loc"], settings)
            settings = with_text(settings, typed or {}, path)
    try:
        return with_final_paths(Config.model_validate(settings))
    except ValidationError as error:
        described = [_describe(dict(problem), settings) for problem in error.errors()]
        raise ConfigError("the configuration has errors:\n" + "\n".join(described)) from None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _describe(error: dict[str, Any], raw: Mapping[str, Any]) -> str:
    key = ".".join(map(str, _user_path(error["loc"], raw)))
    message = error["msg"].removeprefix("Value error, ")
    context = error.get("ctx", {})
    found = error["input"]
    if error["type"] == "literal_error":
        options = re.findall(r"'([^']*)'", str(context["expected"]))
        message = f"must be one of {', '.join(options)}{near_miss(str(found), options)}"
    elif error["type"] == "union_tag_not_found":
        message = f"{context['discriminator']} is missing, which says what the entry is"
    elif error["type"] == "missing":
        return f"  {key}: missing; this key has no default"
    else:
        message += _remedy(error["type"], found)
    if error["type"] == "value_error":
        message += note_on_defaults(message, raw, key)
    elif error["type"] == "unknown_key":
        allowed = str(context["allowed"]).split(", ")
        message += note_on_merging((str(name) for name in found if name not in allowed), key)
    else:
        message += f" (found: {_short(found)})"
    return f"  {key}: {message}" if key else f"  {message}"


def _remedy(kind: str, found: Any) -> str:
    """How to write a value of the wrong type, where that is likely what was meant."""
    if kind == "string_type" and isinstance(found, (bool, int, float)):
        return "; write it in quotes, in a configuration file"
    if kind == "list_type" and isinstance(found, (str, int, float)):
        return f"; write it as [{found}]"
    if kind in ("int_type", "float_type", "bool_type") and isinstance(found, str):
        if isinstance(yaml.safe_load(found), (bool, int, float)):
            return "; write it without quotes"
        if re.fullmatch(r"-?\d+e[+-]?\d+", found, re.IGNORECASE):
            return f"; YAML needs a point in it: {found.lower().replace('e', '.0e')}"
    return ""


def _user_path(location: tuple[int | str, ...], raw: Mapping[str, Any]) -> list[int | str]:
    """The keys as the user wrote them: pydantic also names the `kind` that it read a mapping as,
    whether or not the mapping says it."""
    path: list[int | str] = []
    node: Any = raw
    kind_expected = False
    for part in location:
        if kind_expected and isinstance(node, Mapping) and node.get("kind", UNSAID) == part:
            kind_expected = False
            continue
        path.append(part)
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        kind_expected = True
    return path


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
