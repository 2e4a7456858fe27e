"""Table 3 of the paper: arms against attack levels on benchmarks with images."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.outcomes import read_outcomes
from safeneuron.results.paper_tables import TABLE_3, table_3
from safeneuron.results.settings import Table3Settings
from safeneuron.results.shown import judges_shown
from safeneuron.results.wide import as_markdown, keys_of

if __name__ == "__main__":
    with stage(
        __doc__,
        Table3Settings,
        inputs=("attack_success",),
        many=("verdicts", "prompts"),
        outputs=("out", "csv", "md"),
    ) as args:
        settings = args.settings
        rows = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        outcomes = read_outcomes(args.verdicts, args.prompts)
        long = table_3(rows, settings.judges, outcomes, settings.benchmarks)
        write_rows(args.out, TABLE_3, long)
        write_csv(args.csv, read_table(args.out, TABLE_3))
        title = (
            "Table 3: arms against attack levels on benchmarks with images (ASR), experiment "
            f"{settings.experiment}, judge {judges_shown(rows, settings.judges)}"
        )
        write_text(args.md, as_markdown(long, keys_of(TABLE_3), title))
