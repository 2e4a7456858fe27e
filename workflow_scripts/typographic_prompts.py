"""Show the questions of a prompt table in images, in a prompt table of their own."""

import logging

from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage
from safeneuron.data.prompt_settings import TypographicPrompts
from safeneuron.data.prompts import PROMPTS
from safeneuron.data.typographic import write_typographic_prompts

if __name__ == "__main__":
    with stage(__doc__, TypographicPrompts, inputs=("questions",)) as args:
        settings: TypographicPrompts = args.settings
        questions = read_table(args.questions, PROMPTS)
        count = write_typographic_prompts(args.out, settings.dataset, questions, settings.source)
        logging.info("%d images", count)
