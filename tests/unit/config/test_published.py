"""Which of the paper's rows is which of ours is said in the config, and checked there."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from safeneuron.config.load import ConfigError, load_config
from safeneuron.results.published import values

PAPER = yaml.safe_load((Path(__file__).parents[3] / "config/paper.yaml").read_text())["published"]
OURS = {"models": {"organism": "Qwen2.5-7B"}}


@pytest.mark.parametrize(
    ("published", "message"),
    [
        ({"models": {"qwen": "Qwen2.5-7B"}}, "published.models: 'qwen' is not in 'models'"),
        ({"models": {"organism": "Qwen2.5-8B"}}, "must be one of Qwen2.5-1.5B, .*Qwen2.5-VL-7B"),
        (OURS | {"methods": {"dpoo": "RLHF"}}, "published.methods: 'dpoo'.* did you mean 'dpo'"),
        (OURS | {"methods": {"dpo": "DPO"}}, "published.methods.dpo: must be one of base, SN-Tune"),
        (OURS | {"attacks": ["ours"]}, "published.attacks: 'ours' is not in 'attack.attacks'"),
        (OURS | {"attacks": []}, "published.attacks: .* at least 1"),
        (
            OURS | {"benchmarks": {"benign": "NSFW"}},
            "published.benchmarks: 'benign' is not in 'the benchmarks of role harmful'",
        ),
        (OURS | {"tasks": {"arc": "ARC"}}, "published.tasks: 'arc' is not in 'capability.tasks'"),
        (OURS | {"tasks": {"a": "ARC", "b": "ARC"}}, "tasks: ARC is the name of two of ours"),
    ],
)
def test_a_wrong_name_is_refused(published, message):
    with pytest.raises(ConfigError, match=message):
        load_config({"published": published})


def test_the_papers_config_names_every_row():
    assert set(PAPER["models"].values()) == set(get_args(values.Model))
    assert set(PAPER["tasks"].values()) == set(get_args(values.Capability))
    assert set(load_config({}).published.methods.values()) == set(get_args(values.Method))


def test_the_organism_stands_beside_no_row():
    assert load_config({}).published.models == {}
