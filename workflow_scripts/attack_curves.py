"""Attacks of several strengths as curves: their areas, and at which strength models break."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_curves import ATTACK_CURVES, attack_curves
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.settings import ShownSettings
from safeneuron.results.shown import judges_shown
from safeneuron.results.wide import as_markdown, keys_of

TITLE = "Attacks over their strengths: area under what complied, and where half complies"

if __name__ == "__main__":
    with stage(__doc__, ShownSettings, inputs=("table",), outputs=("out", "csv", "md")) as args:
        judges = args.settings.judges
        success = read_table(args.table, ATTACK_SUCCESS).to_pylist()
        rows = attack_curves(success, judges)
        write_rows(args.out, ATTACK_CURVES, rows)
        write_csv(args.csv, read_table(args.out, ATTACK_CURVES))
        title = f"{TITLE} ({args.settings.experiment}; {judges_shown(success, judges)})"
        write_text(args.md, as_markdown(rows, keys_of(ATTACK_CURVES), title))
