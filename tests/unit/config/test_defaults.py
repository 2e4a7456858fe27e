"""What a user never wrote is said to be a default, with what to write instead."""

import copy

import pytest
from snakemake.utils import update_config

from safeneuron.config.defaults import is_default, note_on_defaults
from safeneuron.config.load import load_config
from safeneuron.config.schema.experiment import Config
from unit.config.messages import message


def merged(**settings):
    """What Snakemake makes of a user's file over the default one."""
    raw = copy.deepcopy(Config().model_dump())
    update_config(raw, settings)
    return raw


MINE = {"mine": {"kind": "local", "path": "somewhere"}}


@pytest.mark.parametrize(
    ("settings", "key", "says"),
    [
        (
            {"models": MINE, "run": {"models": ["mine"]}},
            "run.attacked",
            "run.attacked: [organism] is the default, write your own value",
        ),
        (
            {"align": {"training": {"epochs": 3.0}}},
            "align.training",
            "steps: 40 is the default, write your own value",
        ),
        (
            {"align": {"training": {"accumulation": 3}}},
            "align.training",
            "batch_pairs: 32 is the default, write your own value",
        ),
        (
            {"align": {"preferences": {"pairs": None}}},
            "align.preferences",
            "sources: [organism] is the default, write your own value",
        ),
        (
            {"align": {"training": {"parallel": "fsdp"}}},
            "align",
            "align.training.kl_weight: 10.0 is the default, write your own value",
        ),
        (
            {"identification": {"poolings": ["max"]}},
            "identification.selections.magnitude.pooling",
            "identification.selections.magnitude.pooling: meanabs is the default, write your own "
            "value",
        ),
        (
            {"models": {"organism": {"hidden": 100}}},
            "models.organism",
            "heads: 4 is the default, write your own value",
        ),
        (
            {"models": {"organism": {"kind": "local", "path": "somewhere"}}},
            "models.organism",
            "layers, hidden, intermediate, heads belong to the default entry of this name, which "
            "yours is merged with: give yours another name",
        ),
        ({"align": {"training": {"steps": 7, "epochs": 3.0}}}, "align.training", "is null"),
        ({"capability": {"run": ["arc"]}}, "capability.run", "it has nothing"),
    ],
)
def test_a_value_that_nobody_wrote_is_said_to_be_a_default(settings, key, says):
    (problem,) = message(merged(**settings)).splitlines()[1:]
    assert problem.strip().startswith(f"{key}: ")
    assert problem.endswith(says)


def test_values_of_a_user_are_not():
    config = load_config(
        merged(seeds=[3], datasets={"a.b": {"kind": "typographic", "of": "organism"}})
    )
    assert [key for key in ("seeds", "datasets.a.b.of") if is_default(config, key)] == []
    defaults = ("experiment", "datasets.a.b.list_items", "align.training.steps")
    assert [key for key in defaults if not is_default(config, key)] == []
    assert [key for key in ("align", "no.such.key", "datasets") if is_default(config, key)] == []
    assert note_on_defaults("seeds: [3] are not enough", config) == ""
