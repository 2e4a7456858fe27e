"""Download the preference pairs of a data set on the hub."""

from typing import Any

from safeneuron.command import stage
from safeneuron.data.hub import HubSource, hub_records
from safeneuron.data.pair_sources import PairColumns, read_pairs, write_pairs

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any]) as args:
        settings = args.settings
        hub, columns = HubSource(**settings["hub"]), PairColumns(**settings["columns"])
        name, role, share = settings["name"], settings["role"], settings["share"]
        rows = read_pairs(hub_records(hub), columns, name, role, hub.id, share=share)
        write_pairs(args.out, rows)
