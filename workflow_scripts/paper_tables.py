"""Tables 1 and 2 of the paper, and the strongest attack at each strength, with intervals."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results import paper_tables
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.paper_tables import (
    CONTRASTS,
    TABLE_1,
    TABLE_2,
    WORST_CASE,
    ShownSettings,
)

TABLES = (
    ("table_1", paper_tables.table_1, TABLE_1, "Table 1: arms against attack levels (ASR)"),
    ("worst_case", paper_tables.worst_case, WORST_CASE, "The strongest adaptive attack"),
    ("contrasts", paper_tables.contrasts, CONTRASTS, "Arms less plain DPO, paired by seed"),
    ("table_2", paper_tables.table_2, TABLE_2, "Table 2: rounds"),
)

if __name__ == "__main__":
    names = [f"{name}_{ending}" for name, *_ in TABLES for ending in ("parquet", "csv", "md")]
    with stage(__doc__, ShownSettings, inputs=("attack_success",), outputs=names) as args:
        settings = args.settings
        rows = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        judge = paper_tables.judges_shown(rows, settings.judges)
        for name, make, schema, title in TABLES:
            parquet, csv, markdown = (
                getattr(args, f"{name}_{e}") for e in ("parquet", "csv", "md")
            )
            long = make(rows, settings.judges)
            write_rows(parquet, schema, long)
            write_csv(csv, read_table(parquet, schema))
            keys = paper_tables.keys_of(schema)
            heading = f"{title}, experiment {settings.experiment}, judge {judge}"
            write_text(markdown, paper_tables.as_markdown(long, keys, heading))
