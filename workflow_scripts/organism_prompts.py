"""Draw the prompts of the organism's language into their splits."""

import logging
from typing import Any

from safeneuron.command import stage
from safeneuron.organism.language import SplitSizes
from safeneuron.organism.prompts import write_organism_prompts

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any]) as args:
        language = args.settings["language"]
        sizes = {split: SplitSizes(**size) for split, size in language["splits"].items()}
        count = write_organism_prompts(args.out, args.settings["dataset"], sizes, language["seed"])
        logging.info("%d prompts", count)
