"""Read the prompts of a user's file into a prompt table."""

import logging
from typing import Any

from safeneuron.command import stage
from safeneuron.data.prompts import write_file_prompts
from safeneuron.data.sources import FileSource

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("source",)) as args:
        source = FileSource(**args.settings["source"])
        count = write_file_prompts(args.out, args.settings["dataset"], source)
        logging.info("%d prompts", count)
