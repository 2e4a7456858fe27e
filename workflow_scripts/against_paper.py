"""The paper's Tables 1 to 3 with our values in their cells, as one page and one long table."""

from typing import Any

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, read_tables, write_csv, write_rows
from safeneuron.capability.schemas import CAPABILITY
from safeneuron.command import stage
from safeneuron.results.against_paper import (
    AGAINST_PAPER,
    against_paper,
    measured_attacks,
    measured_capability,
    page,
)
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.published.rows import AgainstPaperSettings
from safeneuron.results.published.values import read_published

if __name__ == "__main__":
    with stage(
        __doc__,
        AgainstPaperSettings,
        inputs=("published",),
        many=("attack_success", "capability"),
        outputs=("table", "csv", "page"),
    ) as args:
        settings = args.settings
        measured: dict[Any, Any] = {}
        if args.attack_success:
            rows = read_tables(args.attack_success, ATTACK_SUCCESS).to_pylist()
            of = (settings.judges, settings.attacks, settings.benchmarks)
            measured |= measured_attacks(rows, *of)
        if args.capability:
            rows = read_tables(args.capability, CAPABILITY).to_pylist()
            measured |= measured_capability(rows, settings.tasks)
        published = read_published(args.published)
        compared = against_paper(measured, published, settings.models, settings.methods)
        write_rows(args.table, AGAINST_PAPER, compared)
        write_csv(args.csv, read_table(args.table, AGAINST_PAPER))
        write_text(args.page, page(compared, settings.experiment))
