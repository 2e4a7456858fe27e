"""Figure 5: overlap of categories against their number, with its data and what it says."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage
from safeneuron.figures import overlap
from safeneuron.figures.overlap_reading import reading
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import OVERLAP

if __name__ == "__main__":
    with stage(__doc__, many=("tables",), outputs=("pdf", "png", "csv", "txt")) as args:
        table = read_tables(args.tables, OVERLAP)
        save(overlap.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
        write_text(args.txt, reading(table) + "\n")
