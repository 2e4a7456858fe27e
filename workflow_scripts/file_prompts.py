"""Read the prompts of a user's file into a prompt table."""

import logging

from safeneuron.command import stage
from safeneuron.data.prompt_settings import FilePrompts
from safeneuron.data.prompts import write_prompts
from safeneuron.data.sources import prompt_rows, read_prompts

if __name__ == "__main__":
    with stage(__doc__, FilePrompts, inputs=("source",)) as args:
        settings: FilePrompts = args.settings
        prompts = read_prompts(settings.source)
        write_prompts(args.out, settings.dataset, prompt_rows(prompts))
        logging.info("%d prompts", len(prompts))
