"""MoRF and LeRF curves of T0 of a model, beside random neurons, with the figure's data."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import causal_audit
from safeneuron.figures.settings import OneModel
from safeneuron.figures.style import save
from safeneuron.results.causal_audit import CAUSAL_CURVES

if __name__ == "__main__":
    with stage(__doc__, OneModel, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, CAUSAL_CURVES)
        table = table.filter((pc.field("model") == args.settings.model) & (pc.field("round") == 0))
        save(causal_audit.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
