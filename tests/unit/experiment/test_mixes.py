"""Which mix a model is aligned on, where it lies, and what is drawn for it."""

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment import mixes
from safeneuron.experiment.paths import Paths

PATHS = Paths("r")
MINE = {"kind": "file", "path": "p.jsonl", "role": "safety"}
FOLDER = {"kind": "local", "path": "nowhere"}
MODELS = ["a", "b", "c"]


@pytest.fixture
def config():
    """Models a and c take the common mix, b has its own."""
    return load_config(
        {
            "models": dict.fromkeys(MODELS, FOLDER),
            "run": {"models": MODELS, "attacked": [], "aligned": MODELS},
            "preferences": {
                "organism": {"kind": "organism"},
                "mine": {**MINE, "share": 0.2},
                "shown": {**MINE, "share": 0.5, "image": "picture"},
            },
            "align": {
                "preferences": {"sources": ["mine"], "pairs": 30},
                "preferences_of": {"b": {"sources": ["shown", "mine"], "pairs": 10}},
            },
        }
    )


def test_a_model_has_the_common_mix_unless_it_has_its_own(config):
    assert [mixes.of_model(config, model) for model in MODELS] == ["mix", "b/mix", "mix"]
    assert mixes.of_model(load_config({}), "organism") == "organism"
    assert list(mixes.of_sources(config)) == ["mix", "b/mix"]


def test_each_table_is_named_once_and_in_the_order_of_what_it_is_compared_as(config):
    assert mixes.tables(config, PATHS, MODELS) == [
        "r/preferences/mix.parquet",
        "r/preferences/b/mix.parquet",
    ]
    assert mixes.compared(config, MODELS) == ["preferences", "preferences-b"]
    assert mixes.tables(config, PATHS, ["b"]) == ["r/preferences/b/mix.parquet"]
    assert mixes.tables(config, PATHS, []) == []


def test_of_a_source_with_images_all_is_drawn_as_its_share_was_read(config):
    common, own = (mixes.drawn(config, name) for name in ("mix", "b/mix"))
    assert (common["pairs"], common["shares"]) == (30, {"mine": 0.2})
    assert (own["pairs"], own["shares"]) == (10, {"shown": 1.0, "mine": 0.2})
    assert common.keys() == {"pairs", "safety_share", "seed", "shares"}
