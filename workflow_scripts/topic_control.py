"""How much of each safety set is topic (found by that contrast), and how much is not length."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.neurons.settings import NullSettings
from safeneuron.neurons.topic_control import TOPIC_CONTROL, control_rows

if __name__ == "__main__":
    with stage(
        __doc__, NullSettings, many=("neurons", "validations"), outputs=("out", "csv")
    ) as args:
        sets = [read_neuron_set(path) for path in args.neurons]
        rows = control_rows(sets, args.settings.null_draws, args.settings.seed)
        write_rows(args.out, TOPIC_CONTROL, with_gates(rows, args.validations))
        write_csv(args.csv, read_table(args.out, TOPIC_CONTROL))
