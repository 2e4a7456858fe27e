"""What T0 of a model does under the pruning attacks, with the figure's data beside it."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import attack
from safeneuron.figures.settings import OneJudge
from safeneuron.figures.style import save
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.attack_success import ATTACK_SUCCESS

if __name__ == "__main__":
    with stage(__doc__, OneJudge, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, ATTACK_SUCCESS)
        # on T0 the static sets are the adaptive ones
        table = table.filter(
            (pc.field("model") == args.settings.model)
            & (pc.field("round") == 0)
            & (pc.field("set_source").is_null() | (pc.field("set_source") == "adaptive"))
            # the clean model, and neurons
            & ((pc.field("attack") == CLEAN) | pc.field("pooling").is_valid())
        )
        # several benchmarks are not seeds of one: as in the paper's tables, the first is shown
        table = table.filter(pc.equal(table["benchmark"], table["benchmark"][0]))
        save(attack.draw(table, args.settings.judge), args.pdf, args.png)
        write_csv(args.csv, table)
