"""Figure 7: the neurons of the scores and of a linear probe by layer, with its data beside it."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import probe_overlap
from safeneuron.figures.settings import OneModel
from safeneuron.figures.style import save
from safeneuron.neurons.probe_overlap import PROBE_OVERLAP

if __name__ == "__main__":
    with stage(__doc__, OneModel, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, PROBE_OVERLAP)
        table = table.filter(pc.equal(table["model"], args.settings.model))
        save(probe_overlap.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
