"""Figure 5: overlap of category sets against the number of categories, with its data beside it."""

from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage_arguments
from safeneuron.figures import overlap
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import OVERLAP

if __name__ == "__main__":
    args = stage_arguments(__doc__, "pdf", "png", "csv", many=("tables",))
    table = read_tables(args.tables, OVERLAP)
    save(overlap.draw(table), args.pdf, args.png)
    write_csv(args.csv, table)
