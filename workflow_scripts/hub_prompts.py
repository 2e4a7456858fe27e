"""Download the prompts of a data set on the hub into a prompt table."""

import logging

from safeneuron.command import stage
from safeneuron.data.hub import hub_records
from safeneuron.data.prompt_settings import HubPrompts
from safeneuron.data.prompts import write_prompts
from safeneuron.data.sources import hub_prompts, prompt_rows

if __name__ == "__main__":
    with stage(__doc__, HubPrompts) as args:
        settings: HubPrompts = args.settings
        prompts = hub_prompts(hub_records(settings.source.hub), settings.source)
        write_prompts(args.out, settings.dataset, prompt_rows(prompts))
        logging.info("%d prompts", len(prompts))
