"""The safe prompts that are as long as the unsafe ones, a seeded part of the safe side."""

import logging
from statistics import fmean

import pyarrow as pa

from safeneuron.artifacts.tables import write_columns
from safeneuron.command import stage
from safeneuron.data.length_matching import LengthMatched, length_matched
from safeneuron.data.prompts import PROMPTS, select_prompts

if __name__ == "__main__":
    with stage(__doc__, LengthMatched, many=("unsafe", "safe")) as args:
        settings: LengthMatched = args.settings
        unsafe, safe = (
            pa.concat_tables(select_prompts(path, rows.split, rows.categories) for path in paths)
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        lengths, target = ([len(t) for t in table["text"].to_pylist()] for table in (safe, unsafe))
        kept = length_matched(lengths, target, settings.seed)
        matched = safe.take(kept)
        columns = {name: matched[name].to_pylist() for name in PROMPTS.names}
        write_columns(args.out, PROMPTS, columns)
        logging.info(
            "%d safe prompts kept; mean characters: unsafe %.1f, safe %.1f, kept %.1f",
            *(len(kept), fmean(target), fmean(lengths), fmean(lengths[i] for i in kept)),
        )
