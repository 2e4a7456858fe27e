"""Read the preference pairs of a user's file."""

from pathlib import Path
from typing import Any

from safeneuron.command import stage
from safeneuron.data.pair_sources import PairColumns, read_pairs, write_pairs
from safeneuron.data.records import file_records

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("source",)) as args:
        settings = args.settings
        columns = PairColumns(**settings["columns"])
        rows = read_pairs(
            file_records(args.source),
            columns,
            settings["name"],
            settings["role"],
            str(args.source),
            images=Path(settings["images"]) if settings["images"] else args.source.parent,
            share=settings["share"],
        )
        write_pairs(args.out, rows)
