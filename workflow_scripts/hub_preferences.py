"""Download the preference pairs of a data set on the hub."""

from safeneuron.command import stage_arguments
from safeneuron.data.hub import HubSource, hub_records
from safeneuron.data.pair_sources import PairColumns, read_pairs, write_pairs

if __name__ == "__main__":
    args = stage_arguments(__doc__, "out")
    settings = args.settings
    hub, columns = HubSource(**settings["hub"]), PairColumns(**settings["columns"])
    name, role, share = settings["name"], settings["role"], settings["share"]
    rows = read_pairs(hub_records(hub), columns, name, role, hub.id, share=share)
    write_pairs(args.out, rows, args.provenance())
