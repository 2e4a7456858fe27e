"""What attacks of several strengths do to a model's states, with the figure's data beside it."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import attack_curves
from safeneuron.figures.settings import OneJudge
from safeneuron.figures.style import save
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.attack_success import ATTACK_SUCCESS

if __name__ == "__main__":
    with stage(__doc__, OneJudge, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, ATTACK_SUCCESS)
        # the clean model, and attacks on something else than neurons
        table = table.filter(
            (pc.field("model") == args.settings.model)
            & ((pc.field("attack") == CLEAN) | pc.field("pooling").is_null())
        )
        # several benchmarks are not seeds of one: as in the paper's tables, the first is shown
        table = table.filter(pc.equal(table["benchmark"], table["benchmark"][0]))
        save(attack_curves.draw(table, args.settings.judge), args.pdf, args.png)
        write_csv(args.csv, table)
