"""Draw the prompts of the organism's language into their splits."""

import logging

from safeneuron.command import stage
from safeneuron.organism.prompts import OrganismPrompts, write_organism_prompts

if __name__ == "__main__":
    with stage(__doc__, OrganismPrompts) as args:
        settings: OrganismPrompts = args.settings
        count = write_organism_prompts(args.out, settings.dataset, settings.language)
        logging.info("%d prompts", count)
