"""Values of `snakemake --config`, read by Snakemake itself, mean what they mean in a file."""

import copy

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config


def typed(*entries, file=None):
    """The configuration of `snakemake --configfile file --config ENTRY...`."""
    given = parse_config(list(entries))
    merged = copy.deepcopy(Config().model_dump())
    update_config(merged, copy.deepcopy(file or {}))
    update_config(merged, copy.deepcopy(given))
    return load_config(merged, given)


@pytest.mark.parametrize(
    ("entry", "key", "value"),
    [
        ("seeds=[0,1]", "seeds", [0, 1]),
        ("align={rounds: 2}", "align.rounds", 2),
        (
            "align={rounds: 2, training: {learning_rate: 1.0e-5}}",
            "align.training.learning_rate",
            1e-5,
        ),
        ("report={show_text: true}", "report.show_text", True),
        ("topic_control=null", "topic_control", None),
        ("align={training: {lora: null}}", "align.training.lora", None),
        ("run={models: [organism]}", "run.models", ["organism"]),
        ("experiment=mine", "experiment", "mine"),
        ("cluster={account: 007, qos: on}", "cluster.account", "007"),
        ("cluster={account: 007, qos: on}", "cluster.qos", "on"),
        ("cluster={account: null}", "cluster.account", None),
        ("organism={language: {validation: {task: 7}}}", "organism.language.validation.task", 7),
    ],
)
def test_a_value_of_the_command_line(entry, key, value):
    found = typed(entry)
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


def test_it_is_laid_over_a_file_whose_other_keys_stay():
    file = yaml.safe_load(
        "align: {rounds: 3, overrides: {2: {steps: 5, kl_weight: 2}, 3: {steps: 9}}}"
    )
    config = typed("align={overrides: {2: {steps: 7}}}", file=file)
    assert {n: o.model_dump(exclude_none=True) for n, o in config.align.overrides.items()} == {
        2: {"steps": 7, "kl_weight": 2},
        3: {"steps": 9},
    }


def test_text_inside_an_entry_of_a_registry_stays_text():
    config = typed(
        "models={mine: {kind: hub, id: a/b, revision: null, parameters: 7_000}}",
        "datasets={mine: {kind: file, path: 1.csv, text: 2024, constant_category: yes}}",
    )
    assert (config.models["mine"].revision, config.models["mine"].parameters) == (None, 7000)
    dataset = config.datasets["mine"]
    assert (dataset.path, dataset.text, dataset.constant_category) == ("1.csv", "2024", "yes")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("seeds=[0,one]", "seeds.1: Input should be a valid integer (found: 'one')"),
        ("seeds=3", "seeds: Input should be a valid list; write it as [3] (found: 3)"),
        ("experiment=7", "experiment: Input should be a valid string; write it in quotes, in a "),
        (
            "align={training: {learning_rate: 1e-5}}",
            "align.training.learning_rate: Input should be a valid number; YAML needs a point in "
            "it: 1.0e-5 (found: '1e-5')",
        ),
    ],
)
def test_a_value_that_cannot_be_meant(entry, says):
    with pytest.raises(ConfigError) as caught:
        typed(entry)
    assert str(caught.value).splitlines()[1].strip().startswith(says)


def test_a_file_is_read_as_strictly_as_before():
    with pytest.raises(ConfigError, match=r"valid integer; write it without quotes \(found: '0'"):
        typed("experiment=mine", file={"seeds": ["0"]})
