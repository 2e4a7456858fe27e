"""Core, shared and task-specific neurons by layer: the data of the paper's Figure 3."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import COMPOSITION, category_sets, composition_rows

if __name__ == "__main__":
    with stage(__doc__, many=("neurons", "validations")) as args:
        rows = composition_rows(*category_sets(args.neurons))
        write_rows(args.out, COMPOSITION, with_gates(rows, args.validations))
