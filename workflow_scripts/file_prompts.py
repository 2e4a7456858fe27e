"""Read the prompts of a user's file into a prompt table."""

import logging

from safeneuron.command import stage_arguments
from safeneuron.data.prompts import write_file_prompts
from safeneuron.data.sources import FileSource

if __name__ == "__main__":
    args = stage_arguments(__doc__, "source", "out")
    source = FileSource(**args.settings["source"])
    count = write_file_prompts(
        args.out, args.settings["dataset"], source, args.provenance("source")
    )
    logging.info("%d prompts", count)
