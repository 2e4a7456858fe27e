"""The mix of preference pairs that models are aligned on, from several sources."""

import logging

from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage
from safeneuron.data.pair_settings import SourcesMix
from safeneuron.data.preference_mix import write_mixed_preferences
from safeneuron.data.preferences import PREFERENCES

if __name__ == "__main__":
    with stage(__doc__, SourcesMix, many=("sources",)) as args:
        tables = [read_table(path, PREFERENCES).to_pylist() for path in args.sources]
        count = write_mixed_preferences(args.out, tables, args.settings)
        logging.info("%d pairs", count)
