"""Draw the prompts of the organism's language into their splits."""

import logging

from safeneuron.command import stage
from safeneuron.organism.prompts import write_organism_prompts
from safeneuron.organism.settings import PromptSettings

if __name__ == "__main__":
    with stage(__doc__, PromptSettings) as args:
        count = write_organism_prompts(args.out, args.settings.dataset, args.settings.language)
        logging.info("%d prompts", count)
