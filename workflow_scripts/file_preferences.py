"""Read the preference pairs of a user's file."""

from pathlib import Path

from safeneuron.command import stage
from safeneuron.data.pair_settings import FilePreferences
from safeneuron.data.pair_sources import read_pairs, write_pairs
from safeneuron.data.records import file_records

if __name__ == "__main__":
    with stage(__doc__, FilePreferences, inputs=("source",)) as args:
        settings: FilePreferences = args.settings
        source, path = settings.source, args.source
        images = path.parent if source.images is None else Path(source.images)
        rows = read_pairs(file_records(path), source, settings.name, str(path), images)
        write_pairs(args.out, rows)
