"""Responses under the pruning attacks of one model, with the figure's data beside it."""

import pyarrow.compute as pc

from safeneuron.command import stage_arguments
from safeneuron.figures import attack
from safeneuron.figures.style import save
from safeneuron.tables import ATTACK_SUCCESS, read_table, write_csv

if __name__ == "__main__":
    args = stage_arguments(__doc__, "table", "pdf", "png", "csv")
    table = read_table(args.table, ATTACK_SUCCESS)
    table = table.filter(pc.equal(table["model"], args.settings["model"]))
    save(attack.draw(table, args.settings["judge"]), args.pdf, args.png)
    write_csv(args.csv, table)
