"""Fraction of neurons that are safety neurons against depth, by model: the data of Figure 4."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import DEPTH_PROFILE, depth_profile_rows
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(__doc__, many=("neurons", "validations")) as args:
        sets = map(read_neuron_set, args.neurons)
        rows = [
            row for s in sets for row in depth_profile_rows(s.union, s.about.context, s.present)
        ]
        write_rows(args.out, DEPTH_PROFILE, with_gates(rows, args.validations))
