"""Overlap of category sets for every K-subset against its nulls: the data of Figure 5."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import OVERLAP, category_sets, overlap_rows
from safeneuron.neurons.regrouped_sets import regrouped_sets
from safeneuron.neurons.regrouping_settings import OverlapSettings

if __name__ == "__main__":
    with stage(__doc__, OverlapSettings, many=("neurons", "nulls", "validations")) as args:
        sets, context, present = category_sets(args.neurons)
        regrouped = {
            null: draws
            for path in args.nulls
            for null, draws in regrouped_sets(path, args.settings, len(sets)).items()
        }
        rows = overlap_rows(sets, context, args.settings.random, regrouped, present)
        write_rows(args.out, OVERLAP, with_gates(rows, args.validations))
