"""What the checks say of a configuration that they refuse."""

from pathlib import Path
from typing import Any

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.experiment.checks import check_inputs


def refusal(raw: dict[str, Any], results: Path) -> str:
    """The message; the configuration must be refused."""
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(raw), results)
    return str(caught.value)
