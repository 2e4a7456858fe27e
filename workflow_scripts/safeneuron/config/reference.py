"""The reference of all keys, `docs/config.md`, generated from the typed models.

Sections come in the order of the configuration, each once: a class that stands at several keys is
described where it stands first.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from safeneuron.config.schema.experiment import Config

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

_HEADER = """\
# Every key of the configuration

Generated from the typed models by `python workflow_scripts/write_config.py`. What the keys are good
for is in [config/README.md](../config/README.md). Mappings of a file are merged with the defaults,
lists replace them. A key without a default (none) is needed wherever its section is written. NAME
stands for a name of your own.
"""


def reference() -> str:
    """The text of `docs/config.md`."""
    schema = Config.model_json_schema()
    sections = _sections(schema)
    parts = [_HEADER, *(_section(name, paths, schema) for name, paths in sections.items())]
    return "\n".join(parts)


def _sections(schema: Schema) -> dict[str, list[str]]:
    """Class -> the keys where it stands, in order of first appearance."""
    found: dict[str, list[str]] = {}

    def visit(name: str, path: str) -> None:
        known = name in found
        found.setdefault(name, []).append(path)
        for key, field in {} if known else _definition(name, schema).get("properties", {}).items():
            below = f"{path}.{key}" if path else key
            for held, inside in _references(field):
                visit(held, below + inside)

    visit("", "")
    return found


def _references(field: Schema) -> Iterator[tuple[str, str]]:
    """Classes that a field may hold, and how they lie in it: itself, by name, as an element."""
    if "$ref" in field:
        yield field["$ref"].rpartition("/")[2], ""
    for kind in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _references(kind)
    for placeholder, value in _values(field):
        for name, inside in _references(value):
            yield name, f".{placeholder}{inside}"
    if "items" in field:
        yield from _references(field["items"])


def _values(field: Schema) -> Iterator[tuple[str, Schema]]:
    """What stands for the keys of a mapping, and what it maps them to."""
    for value in field.get("patternProperties", {}).values():
        yield "NAME", value
    if isinstance(field.get("additionalProperties"), dict):
        yield "KEY", field["additionalProperties"]


def _definition(name: str, schema: Schema) -> Schema:
    return schema["$defs"][name] if name else schema


def _section(name: str, paths: list[str], schema: Schema) -> str:
    definition = _definition(name, schema)
    kind = definition["properties"].get("kind", {}).get("const")
    title = " ".join(
        [f"`{paths[0]}`" if name else "The top", *([f"of kind {kind}"] if kind else [])]
    )
    lines = [f"## {title}", ""]
    if name:
        lines.insert(0, f'<a id="{_anchor(name)}"></a>\n')
    lines += [_paragraphs(definition["description"]), ""]
    if others := [f"`{path}`" for path in dict.fromkeys(paths[1:]) if path != paths[0]]:
        lines += [f"The same at {', '.join(others)}.", ""]
    lines += ["| key | type | default | |", "| --- | --- | --- | --- |"]
    required = definition.get("required", ())
    for key, field in sorted(definition["properties"].items(), key=lambda f: f[0] != "kind"):
        default = "none" if key in required else _default(field)
        description = field.get("description") or _paragraphs(_referred(field, schema))
        lines.append(f"| `{key}` | {_type(field, schema)} | {default} | {_cell(description)} |")
    return "\n".join([*lines, ""])


def _referred(field: Schema, schema: Schema) -> str:
    """The description of the section that a field without one of its own is."""
    ((name, _), *_) = _references(field)
    return str(_definition(name, schema)["description"])


def _type(field: Schema, schema: Schema) -> str:
    """A type in words, with its bounds."""
    if "$ref" in field:
        return _link(field["$ref"].rpartition("/")[2], schema)
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if kinds := (*field.get("anyOf", ()), *field.get("oneOf", ())):
        return " or ".join(_type(kind, schema) for kind in kinds)
    return _PLAIN[field["type"]](field, schema)


def _link(name: str, schema: Schema) -> str:
    kind = _definition(name, schema)["properties"].get("kind", {}).get("const")
    return f"[{kind or 'section'}](#{_anchor(name)})"


def _number(field: Schema, _: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above"}
    words |= {"maximum": "to", "exclusiveMaximum": "below"}
    bounds = [f"{word} {field[key]}" for key, word in words.items() if key in field]
    return " ".join([field["type"], *bounds])


def _text(field: Schema, _: Schema) -> str:
    pattern = field.get("pattern")
    if pattern is None:
        return "text"
    if field.get("maxLength") == 64:
        return "name"
    return f"text like `{pattern}`"


def _list(field: Schema, schema: Schema) -> str:
    least, most = field.get("minItems"), field.get("maxItems")
    size = f" ({least}{'' if least == most else ' or more'})" if least else ""
    return f"list{size} of {_type(field['items'], schema)}"


def _mapping(field: Schema, schema: Schema) -> str:
    ((placeholder, value),) = _values(field)
    return f"mapping of {placeholder} to {_type(value, schema)}"


_PLAIN: Mapping[str, Any] = {
    "integer": _number,
    "number": _number,
    "string": _text,
    "array": _list,
    "object": _mapping,
    "boolean": lambda *_: "true or false",
    "null": lambda *_: "null",
}


def _default(field: Schema) -> str:
    """The default in YAML; of a section what its own table says, of a registry the names."""
    default = field.get("default")
    if any(inside == "" for _, inside in _references(field)) and default is not None:
        return "see there"
    if isinstance(default, dict) and any(isinstance(value, dict) for value in default.values()):
        return ", ".join(f"`{name}`" for name in default)
    text = yaml.safe_dump(default, default_flow_style=True, width=10_000).strip()
    return f"`{text.removesuffix('...').strip()}`"


def _anchor(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _paragraphs(docstring: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in docstring.split("\n\n"))


def _cell(text: str) -> str:
    """Text in a cell of a table: on one line, without what Markdown would read as its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
