"""The mix of preference pairs that models are aligned on, from several sources."""

import logging
from typing import Any

from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage
from safeneuron.data.preference_mix import write_mixed_preferences
from safeneuron.data.preferences import PREFERENCES

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], many=("sources",)) as args:
        settings = args.settings
        count = write_mixed_preferences(
            args.out,
            {path.stem: read_table(path, PREFERENCES).to_pylist() for path in args.sources},
            settings["shares"],
            settings["pairs"],
            settings["safety_share"],
            settings["seed"],
        )
        logging.info("%d pairs", count)
