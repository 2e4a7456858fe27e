"""Show the questions of a prompt table in images, in a prompt table of their own."""

import logging

from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage_arguments
from safeneuron.data.prompts import PROMPTS
from safeneuron.data.typographic import write_typographic_prompts

if __name__ == "__main__":
    args = stage_arguments(__doc__, "questions", "out")
    settings = args.settings
    count = write_typographic_prompts(
        args.out,
        settings["dataset"],
        read_table(args.questions, PROMPTS),
        settings["instruction"],
        settings["list_items"],
        args.provenance("questions"),
    )
    logging.info("%d images", count)
