"""Show the questions of a prompt table in images, in a prompt table of their own."""

import logging
from typing import Any

from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage
from safeneuron.data.prompts import PROMPTS
from safeneuron.data.typographic import write_typographic_prompts

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("questions",)) as args:
        settings = args.settings
        count = write_typographic_prompts(
            args.out,
            settings["dataset"],
            read_table(args.questions, PROMPTS),
            settings["instruction"],
            settings["list_items"],
        )
        logging.info("%d images", count)
