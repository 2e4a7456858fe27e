"""Attack success against the fraction of the alignment data (Fig. 6), with its data."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import data_fraction
from safeneuron.figures.settings import DataFractionSettings
from safeneuron.figures.style import save
from safeneuron.results.paper_tables import TABLE_1
from safeneuron.results.worst_case import WORST_CASE

if __name__ == "__main__":
    with stage(
        __doc__,
        DataFractionSettings,
        inputs=("table_1", "worst_case"),
        outputs=("pdf", "png", "csv"),
    ) as args:
        of_model = pc.field("model") == args.settings.model
        table_1 = read_table(args.table_1, TABLE_1).filter(of_model)
        worst_case = read_table(args.worst_case, WORST_CASE).filter(
            of_model & pc.field("fraction").is_valid()  # attacks on shares of the neurons
        )
        table = data_fraction.points(table_1, worst_case, args.settings.arms)
        save(data_fraction.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
