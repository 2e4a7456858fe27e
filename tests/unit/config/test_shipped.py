"""The configuration files in the repository agree with the typed models that they come from."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from snakemake.utils import update_config

from safeneuron.config.load import load_config
from safeneuron.config.render import default_yaml, json_schema
from safeneuron.config.schema.experiment import Config

FOLDER = Path(__file__).resolve().parents[3] / "config"
SHIPPED = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("test/*.yaml")])
SCHEMA = json.loads(json_schema())


def laid_over(settings: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """What Snakemake makes of `--configfile`: mappings merge, everything else is replaced."""
    merged = copy.deepcopy(settings)
    update_config(merged, overlay)
    return merged


@pytest.fixture(params=SHIPPED, ids=lambda path: str(path.relative_to(FOLDER)))
def overlay(request):
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("file", "text"),
    [("config.yaml", default_yaml()), ("config.schema.json", json_schema())],
    ids=["config.yaml", "config.schema.json"],
)
def test_generated_file_is_current(file, text):
    assert (FOLDER / file).read_text(encoding="utf-8") == text, "run write_config.py"


def test_generating_twice_gives_the_same_text():
    assert default_yaml() == default_yaml()
    assert json_schema() == json_schema()


def test_default_yaml_states_every_default():
    assert yaml.safe_load(default_yaml()) == Config().model_dump()


def test_default_yaml_loads_as_the_defaults():
    assert load_config(yaml.safe_load(default_yaml())) == Config()


def test_default_yaml_explains_each_kind_of_section_once():
    lines = [line.strip() for line in default_yaml().splitlines()]
    assert lines.count("# Width of the residual stream.") == 1
    assert lines.count("# How stages use the machine.") == 1


def test_schema_is_valid_json_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False


def test_shipped_config_validates(overlay):
    config = load_config(laid_over(Config().model_dump(), overlay))
    # laying the file over the result once more changes nothing: every key of it arrived
    assert laid_over(config.model_dump(), overlay) == config.model_dump()


def test_schema_accepts_shipped_config(overlay):
    merged = laid_over(Config().model_dump(), overlay)
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(merged)) == []


@pytest.mark.parametrize(
    ("overlay", "path"),
    [
        ({"seedz": [1]}, []),
        ({"compute": {"cpu_threads": "4"}}, ["compute", "cpu_threads"]),
        ({"overlap": {"null_draws": 0}}, ["overlap", "null_draws"]),
        ({"compute": {"on_upgrade": "rebuild"}}, ["compute", "on_upgrade"]),
    ],
    ids=["unknown key", "wrong type", "out of range", "unknown choice"],
)
def test_schema_rejects(overlay, path):
    merged = laid_over(Config().model_dump(), overlay)
    (error,) = jsonschema.Draft202012Validator(SCHEMA).iter_errors(merged)
    assert list(error.absolute_path) == path
