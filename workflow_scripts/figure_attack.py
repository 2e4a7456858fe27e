"""What T0 of a model does under the pruning attacks, with the figure's data beside it."""

import pyarrow.compute as pc

from safeneuron.attack.success import ATTACK_SUCCESS
from safeneuron.command import stage_arguments
from safeneuron.figures import attack
from safeneuron.figures.style import save
from safeneuron.tables import read_table, write_csv

if __name__ == "__main__":
    args = stage_arguments(__doc__, "table", "pdf", "png", "csv")
    table = read_table(args.table, ATTACK_SUCCESS)
    t0 = pc.and_(pc.equal(table["model"], args.settings["model"]), pc.equal(table["round"], 0))
    table = table.filter(t0)
    save(attack.draw(table, args.settings["judge"]), args.pdf, args.png)
    write_csv(args.csv, table)
