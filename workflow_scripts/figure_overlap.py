"""Figure 5: overlap of category sets against the number of categories, with its data beside it."""

from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage
from safeneuron.figures import overlap
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import OVERLAP

if __name__ == "__main__":
    with stage(__doc__, many=("tables",), outputs=("pdf", "png", "csv")) as args:
        table = read_tables(args.tables, OVERLAP)
        save(overlap.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
