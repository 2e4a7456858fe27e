"""The mix of preference pairs that models are aligned on, from several sources."""

import logging

from safeneuron.alignment.preferences import PREFERENCES
from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage_arguments
from safeneuron.data.preference_mix import write_mixed_preferences

if __name__ == "__main__":
    args = stage_arguments(__doc__, "out", many=("sources",))
    settings = args.settings
    count = write_mixed_preferences(
        args.out,
        {path.stem: read_table(path, PREFERENCES).to_pylist() for path in args.sources},
        settings["shares"],
        settings["pairs"],
        settings["safety_share"],
        settings["seed"],
        args.provenance("sources"),
    )
    logging.info("%d pairs", count)
