"""Download the prompts of a data set on the hub into a prompt table."""

import logging
from typing import Any

from safeneuron.command import stage
from safeneuron.data.hub import HubSource, hub_records
from safeneuron.data.prompts import check_categories, prompt_rows, write_prompts
from safeneuron.data.sources import Columns, prompts_of_records

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any]) as args:
        settings = args.settings
        hub = HubSource(**settings["hub"])
        prompts = prompts_of_records(hub_records(hub), Columns(**settings["columns"]), hub.id)
        if settings["categories"] is not None:
            check_categories(prompts, settings["categories"], hub.id)
        write_prompts(args.out, settings["dataset"], prompt_rows(prompts))
        logging.info("%d prompts", len(prompts))
