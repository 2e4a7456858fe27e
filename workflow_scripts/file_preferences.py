"""Read the preference pairs of a user's file."""

from pathlib import Path

from safeneuron.command import stage_arguments
from safeneuron.data.pair_sources import PairColumns, read_pairs, write_pairs
from safeneuron.data.records import file_records

if __name__ == "__main__":
    args = stage_arguments(__doc__, "source", "out")
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
    write_pairs(args.out, rows, args.provenance("source"))
