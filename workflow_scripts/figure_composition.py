"""Figure 3: safety neurons by layer, core, shared and task-specific, with its data beside it."""

from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage
from safeneuron.figures import composition
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import COMPOSITION

if __name__ == "__main__":
    with stage(__doc__, many=("tables",), outputs=("pdf", "png", "csv")) as args:
        table = read_tables(args.tables, COMPOSITION)
        save(composition.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
