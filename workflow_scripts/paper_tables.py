"""Tables 1 and 2 of the paper, the strongest attack at each strength, and contrasts of it."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.contrasts import CONTRASTS, contrasts
from safeneuron.results.outcomes import read_outcomes
from safeneuron.results.paper_tables import TABLE_1, TABLE_2, accumulated_sizes, table_1, table_2
from safeneuron.results.settings import PaperTablesSettings
from safeneuron.results.shown import judges_shown
from safeneuron.results.wide import as_markdown, keys_of
from safeneuron.results.worst_case import (
    WORST_CASE,
    WORST_CASE_BY_SEED,
    worst_case,
    worst_case_by_seed,
)

SCHEMAS = {
    "table_1": TABLE_1,
    "worst_case": WORST_CASE,
    "contrasts": CONTRASTS,
    "table_2": TABLE_2,
}
TITLES = {
    "table_1": "Table 1: arms against attack levels (ASR; not refused)",
    "worst_case": "The strongest adaptive attack",
    "contrasts": "Arms less {baseline}, paired by seed and prompt; p is of complied",
    "table_2": "Table 2: rounds",
}

if __name__ == "__main__":
    names = [f"{name}_{ending}" for name in SCHEMAS for ending in ("parquet", "csv", "md")]
    names += [f"worst_case_by_seed_{ending}" for ending in ("parquet", "csv")]
    with stage(
        __doc__,
        PaperTablesSettings,
        inputs=("attack_success",),
        many=("verdicts", "prompts", "models"),
        outputs=names,
    ) as args:
        settings = args.settings
        judges, baseline = settings.judges, settings.baseline
        rows = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        outcomes = read_outcomes(args.verdicts, args.prompts)
        tables = {
            "table_1": table_1(rows, judges, outcomes),
            "worst_case": worst_case(rows, judges, outcomes),
            "contrasts": contrasts(rows, judges, outcomes, baseline, settings.primary),
            "table_2": table_2(rows, judges, outcomes, accumulated_sizes(args.models)),
        }
        about = f"experiment {settings.experiment}, judge {judges_shown(rows, judges)}"
        for name, long in tables.items():
            parquet, csv, markdown = (
                getattr(args, f"{name}_{ending}") for ending in ("parquet", "csv", "md")
            )
            write_rows(parquet, SCHEMAS[name], long)
            write_csv(csv, read_table(parquet, SCHEMAS[name]))
            title = f"{TITLES[name].format(baseline=baseline)}, {about}"
            write_text(markdown, as_markdown(long, keys_of(SCHEMAS[name]), title))
        by_seed = worst_case_by_seed(rows, judges)
        write_rows(args.worst_case_by_seed_parquet, WORST_CASE_BY_SEED, by_seed)
        table = read_table(args.worst_case_by_seed_parquet, WORST_CASE_BY_SEED)
        write_csv(args.worst_case_by_seed_csv, table)
