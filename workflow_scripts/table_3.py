"""Table 3 of the paper: arms against attack levels on benchmarks with images."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results import paper_tables
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.paper_tables import TABLE_3, Table3Settings

if __name__ == "__main__":
    with stage(
        __doc__,
        Table3Settings,
        inputs=("attack_success",),
        outputs=("out", "csv", "md"),
    ) as args:
        settings = args.settings
        rows = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        long = paper_tables.table_3(rows, settings.judges, settings.benchmarks)
        write_rows(args.out, TABLE_3, long)
        write_csv(args.csv, read_table(args.out, TABLE_3))
        title = (
            "Table 3: arms against attack levels on benchmarks with images (ASR), experiment "
            f"{settings.experiment}, judge {paper_tables.judges_shown(rows, settings.judges)}"
        )
        write_text(args.md, paper_tables.as_markdown(long, paper_tables.keys_of(TABLE_3), title))
