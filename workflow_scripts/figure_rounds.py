"""What each arm's model does under the strongest attack, round by round, with its data."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import rounds
from safeneuron.figures.settings import OneModel
from safeneuron.figures.style import save
from safeneuron.results.worst_case import WORST_CASE

if __name__ == "__main__":
    with stage(__doc__, OneModel, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, WORST_CASE)
        # attacks on shares of the neurons
        table = table.filter(
            (pc.field("model") == args.settings.model) & pc.field("fraction").is_valid()
        )
        save(rounds.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
