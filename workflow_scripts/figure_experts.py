"""Experts of a mixture: safety neurons by layer and expert, and routing, with the data beside."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import experts
from safeneuron.figures.settings import OneModel
from safeneuron.figures.style import save
from safeneuron.neurons.experts import EXPERTS

if __name__ == "__main__":
    with stage(__doc__, OneModel, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, EXPERTS)
        table = table.filter(pc.equal(table["model"], args.settings.model))
        save(experts.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
