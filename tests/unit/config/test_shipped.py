"""The configuration files in the repository agree with the typed models that they come from."""

import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from snakemake.utils import update_config

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.reference import reference
from safeneuron.config.render import default_yaml, json_schema
from safeneuron.config.schema.experiment import Config

FOLDER = Path(__file__).resolve().parents[3] / "config"
OF_SMOLLM2 = {"smollm2-full.yaml": ["smollm2.yaml"]}
OVERLAYS = {"literal.yaml": ["seeds.yaml"], "language.yaml": ["seeds.yaml"]} | OF_SMOLLM2
"""What a file is laid over, but for the defaults that all are."""
SHIPPED = [
    [*OVERLAYS.get(path.name, ()), str(path.relative_to(FOLDER))]
    for path in sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("test/*.yaml")])
]
SCHEMA = json.loads(json_schema())


def laid_over(settings: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """What Snakemake makes of `--configfile`: mappings merge, everything else is replaced."""
    merged = copy.deepcopy(settings)
    update_config(merged, overlay)
    return merged


def keys_of(*names: str) -> dict[str, Any]:
    """What `--configfile` with these files of the folder makes of nothing."""
    merged: dict[str, Any] = {}
    for name in names:
        overlay = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
        merged = laid_over(merged, overlay)
    return merged


def shipped(*names: str) -> Config:
    """The configuration of `snakemake --configfile` with these files of the folder."""
    return load_config(laid_over(Config().model_dump(), keys_of(*names)))


@pytest.fixture(params=SHIPPED, ids="+".join)
def overlay(request):
    return keys_of(*request.param)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.yaml", default_yaml()),
        ("config.schema.json", json_schema()),
        ("../docs/config.md", reference()),
    ],
    ids=["config.yaml", "config.schema.json", "config.md"],
)
def test_generated_file_is_current(file, text):
    assert (FOLDER / file).read_text(encoding="utf-8") == text, "run write_config.py"


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
    settings = laid_over(Config().model_dump(), overlay)
    load_config(settings)
    # laying the file over the result once more changes nothing: every key of it arrived
    config = Config.model_validate(settings)
    assert laid_over(config.model_dump(), overlay) == config.model_dump()


def test_the_paper_asks_its_benchmarks_by_their_own_names():
    config = shipped("paper.yaml")
    asked = {name: (b.dataset, b.role) for name, b in config.benchmarks.items()}
    assert list(asked.items())[:2] == [
        ("strongreject", ("strongreject", "harmful")),
        ("xstest", ("xstest", "safe")),
    ]
    assert {config.datasets[dataset].kind for dataset, _ in asked.values()} == {
        "hub",
        "typographic",
    }
    assert config.published.benchmarks["strongreject"] == "StrongREJECT"


def test_schema_accepts_shipped_config(overlay):
    merged = laid_over(Config().model_dump(), overlay)
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(merged)) == []


CLASSES = {"Config": SCHEMA, **SCHEMA["$defs"]}
FIELDS = [(name, key) for name, schema in CLASSES.items() for key in schema["properties"]]


@pytest.mark.parametrize(("name", "key"), FIELDS, ids=".".join)
def test_every_key_is_described_in_a_whole_phrase(name, key):
    field = CLASSES[name]["properties"][key]
    description = field.get("description")
    if description is None:  # then it is a section, which describes itself
        held = field.get("$ref") or field["oneOf"][0]["$ref"]
        description = CLASSES[held.rpartition("/")[2]]["description"]
    assert re.match(r"[A-Z].*\.$", description.split("\n")[0] + "." * ("\n" in description))


def test_the_reference_has_a_row_for_every_key_of_every_kind():
    rows = re.findall(r"^\| `(\w+)` \|", reference(), re.M)
    assert Counter(rows) == Counter(key for _, key in FIELDS)
    anchors = set(re.findall(r'<a id="([\w-]+)">', reference()))
    assert len(anchors) == len(CLASSES) - 1
    assert set(re.findall(r"\(#([\w-]+)\)", reference())) == anchors


@pytest.mark.parametrize(
    "row",
    [
        "| `cpu_threads` | integer from 1 to 64 | `1` | Threads of a model job on the CPU; ",
        "| `seeds` | list (1 or more) of integer from 0 below 2147483648 | `[0]` | Seeds of ",
        "| `allow_overlap` | list of list (2) of name | `[]` | Pairs [a, b] of prompt sets ",
        "| `path` | text | none | File of the prompts (csv, json, jsonl or parquet), ",
        "| `role` | `safety` or `general` | none | Part of the mix ",
        "| `hub` | [section](#hub-files) | none | Where on the hub the pairs are. |",
        "| `thresholds` | [thresholds](#thresholds) or null | `null` | Thresholds on this model ",
        "| `overrides` | mapping of KEY to [section](#override) | `{}` | Settings of single ",
        "| `arms` | mapping of NAME to [section](#arm-settings) | `dpo`, `freeze`, ",
    ],
)
def test_a_row_of_the_reference(row):
    assert row in reference()


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


def test_the_paper_reads_its_levels_from_both_sources_of_a_set():
    config = shipped("paper.yaml")
    for name, source in (("paper", "adaptive"), ("static", "static")):
        attack = config.attacks[name]
        assert attack.source == source
        assert attack.targets_among(config.criteria_of(name)) == ["es", "sas", "es+sas"]


@pytest.mark.parametrize("names", [["paper.yaml"], ["seeds.yaml", "literal.yaml"]], ids="+".join)
def test_the_papers_training_has_none_of_the_terms_that_were_tuned_on_the_organism(names):
    align = shipped(*names).align
    zeroing = {a.zeroing_probability for a in align.arms.values() if a.method == "freeze_ablate"}
    assert zeroing == {1.0}
    assert (align.training.sft_weight, align.training.kl_weight) == (0.0, 0.0)
    assert {mix.safety_share for mix in align.mixes().values()} == {0.3}
    assert not any(arm.training for arm in align.arms.values())


def differing(one: dict[str, Any], other: dict[str, Any], path: str = "") -> dict[str, tuple]:
    """Keys, whole paths, whose values differ, with both values."""
    found = {}
    for key in sorted({*one, *other}):
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found |= differing(a, b, f"{path}{key}.")
        elif a != b:
            found[path + key] = (a, b)
    return found


NARROWED = {
    "run.arms": (
        ["dpo", "freeze", "freeze_ablate", "ablate", "random_freeze", "random_ablate", "sn_tune"],
        ["dpo", "freeze_ablate"],
    ),
    "run.attacks": (None, ["magnitude", "peak"]),
}
"""Less is run than of the five seeds: these arms and attacks."""


def test_the_literal_training_differs_from_the_tuned_one_in_nothing_else():
    tuned, literal = shipped("seeds.yaml"), shipped("seeds.yaml", "literal.yaml")
    found = differing(tuned.model_dump(), literal.model_dump())
    del found["report.snapshot"]
    assert found == NARROWED | {
        "experiment": ("seeds", "literal"),
        "align.preferences.safety_share": (0.4, 0.3),
        "align.training.sft_weight": (1.0, 0.0),
        "align.training.kl_weight": (10.0, 0.0),
        "align.arms.freeze_ablate.zeroing_probability": (None, 1.0),
    }


def test_another_language_differs_from_the_five_seeds_in_the_organism_alone():
    first, other = shipped("seeds.yaml"), shipped("seeds.yaml", "language.yaml")
    found = differing(first.model_dump(), other.model_dump())
    del found["report.snapshot"]
    assert found == NARROWED | {
        "experiment": ("seeds", "language-1"),
        "seeds": ([0, 1, 2, 3, 4], [0]),
        "organism.language.seed": (0, 1),
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_file_that_is_laid_over_another_is_refused_without_it(name):
    told = (
        r"models\.smollm2: 'kind' is missing, which says what the entry is"
        if name in OF_SMOLLM2
        else r"run\.attacks: 'peak' is not in 'attack"
    )
    with pytest.raises(ConfigError, match=told):
        shipped(name)
