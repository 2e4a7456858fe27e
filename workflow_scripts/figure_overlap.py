"""Figure 5: overlap of category sets against the number of categories, with its data beside it."""

import pyarrow as pa

from safeneuron.command import stage_arguments
from safeneuron.figures import overlap
from safeneuron.figures.style import save
from safeneuron.tables import OVERLAP, read_table, write_csv

if __name__ == "__main__":
    args = stage_arguments(__doc__, "pdf", "png", "csv", many=("tables",))
    table = pa.concat_tables(
        read_table(path, OVERLAP).replace_schema_metadata() for path in args.tables
    )
    save(overlap.draw(table), args.pdf, args.png)
    write_csv(args.csv, table)
