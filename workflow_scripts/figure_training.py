"""How an arm's rounds trained, with the figure's data beside it."""

import pyarrow as pa

from safeneuron.alignment.training_table import TRAINING
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_tables, write_csv
from safeneuron.command import stage
from safeneuron.figures import training
from safeneuron.figures.style import save

if __name__ == "__main__":
    with stage(__doc__, many=("tables", "validations"), outputs=("pdf", "png", "csv")) as args:
        rows = read_tables(args.tables, TRAINING).to_pylist()
        table = pa.Table.from_pylist(with_gates(rows, args.validations))
        save(training.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
