"""Neurons that a set by scores and a linear probe's share, layer by layer: the data of Figure 7."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.probe_overlap import PROBE_OVERLAP, all_probe_overlap_rows
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(__doc__, many=("neurons", "validations"), outputs=("out", "csv")) as args:
        rows = all_probe_overlap_rows([read_neuron_set(path) for path in args.neurons])
        write_rows(args.out, PROBE_OVERLAP, with_gates(rows, args.validations))
        write_csv(args.csv, read_table(args.out, PROBE_OVERLAP))
