"""How an arm's rounds trained, with the figure's data beside it."""

from safeneuron.alignment.training_table import TRAINING
from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage_arguments
from safeneuron.figures import training
from safeneuron.figures.style import save

if __name__ == "__main__":
    args = stage_arguments(__doc__, "pdf", "png", "csv", many=("tables",))
    table = read_tables(args.tables, TRAINING)
    save(training.draw(table), args.pdf, args.png)
    write_csv(args.csv, table)
