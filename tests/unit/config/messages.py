"""Wrong configurations and what is said of them."""

import pytest

from safeneuron.config.load import ConfigError, load_config


def message(raw) -> str:
    """What a configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    return str(caught.value)


def selection(pooling="max", **rule):
    return {"identification": {"selections": {"mine": {"pooling": pooling, "rule": rule}}}}


def file_dataset(**keys):
    return {"datasets": {"mine": {"kind": "file", "path": "prompts.csv", **keys}}}


def wrong(name, raw, *says):
    return pytest.param(raw, says, id=name)
