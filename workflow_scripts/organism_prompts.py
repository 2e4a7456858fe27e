"""Draw the prompts of the organism's language into their splits."""

import logging

from safeneuron.command import stage_arguments
from safeneuron.organism.language import SplitSizes
from safeneuron.organism.prompts import write_organism_prompts

if __name__ == "__main__":
    args = stage_arguments(__doc__, "out")
    language = args.settings["language"]
    sizes = {split: SplitSizes(**size) for split, size in language["splits"].items()}
    count = write_organism_prompts(
        args.out, args.settings["dataset"], sizes, language["seed"], args.provenance()
    )
    logging.info("%d prompts", count)
