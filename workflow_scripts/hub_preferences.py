"""Download the preference pairs of a data set on the hub."""

from safeneuron.command import stage
from safeneuron.data.hub import hub_records
from safeneuron.data.pair_settings import HubPreferences
from safeneuron.data.pair_sources import read_pairs, write_pairs

if __name__ == "__main__":
    with stage(__doc__, HubPreferences) as args:
        settings: HubPreferences = args.settings
        hub = settings.source.hub
        rows = read_pairs(hub_records(hub), settings.source, settings.name, hub.id)
        write_pairs(args.out, rows)
