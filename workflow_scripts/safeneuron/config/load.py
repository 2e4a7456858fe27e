"""From a raw mapping to a validated configuration, with errors that say what to change."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from safeneuron.config.schema.experiment import Config
from safeneuron.errors import SafeNeuronError
from safeneuron.settings import near_miss


class ConfigError(SafeNeuronError):
    """The configuration is wrong; the message has one line a problem."""


def load_config(raw: Mapping[str, Any]) -> Config:
    """Validate a configuration.

    Raises:
        ConfigError: names each key, the value found and what is allowed.
    """
    try:
        return Config.model_validate(dict(raw))
    except ValidationError as error:
        problems = [_describe(dict(e), raw) for e in error.errors()]
        raise ConfigError("the configuration has errors:\n" + "\n".join(problems)) from None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _describe(error: dict[str, Any], raw: Mapping[str, Any]) -> str:
    key = ".".join(_user_path(error["loc"], raw)) or "configuration"
    message = error["msg"].removeprefix("Value error, ")
    context = error.get("ctx", {})
    found = error["input"]
    if error["type"] == "literal_error":
        options = re.findall(r"'([^']*)'", str(context["expected"]))
        message = f"must be one of {', '.join(options)}{near_miss(str(found), options)}"
    elif error["type"] == "missing":
        return f"  {key}: missing; this key has no default"
    show_value = error["type"] not in ("unknown_key", "value_error")
    return f"  {key}: {message}" + (f" (found: {_short(found)})" if show_value else "")


def _user_path(location: tuple[int | str, ...], raw: Mapping[str, Any]) -> list[str]:
    """The keys as the user wrote them: pydantic also names the `kind` that it read a mapping as."""
    path: list[str] = []
    node: Any = raw
    kind_expected = False
    for part in location:
        if kind_expected and isinstance(node, Mapping) and node.get("kind") == part:
            kind_expected = False
            continue
        path.append(str(part))
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        kind_expected = True
    return path


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
