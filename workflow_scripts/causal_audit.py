"""Areas between the curves of rankings read from both ends, and of random neurons: MoRF, LeRF."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.causal_audit import CAUSAL_AUDIT, CAUSAL_CURVES, causal_audit
from safeneuron.results.outcomes import read_outcomes
from safeneuron.results.settings import CausalAuditSettings
from safeneuron.results.shown import judges_shown
from safeneuron.results.wide import as_markdown, keys_of

if __name__ == "__main__":
    with stage(
        __doc__,
        CausalAuditSettings,
        inputs=("attack_success",),
        many=("verdicts", "prompts"),
        outputs=("out", "csv", "md", "curves", "curves_csv"),
    ) as args:
        settings = args.settings
        rows = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        outcomes = read_outcomes(args.verdicts, args.prompts)
        areas, points = causal_audit(rows, settings.judges, outcomes, settings.rankings)
        write_rows(args.out, CAUSAL_AUDIT, areas)
        write_csv(args.csv, read_table(args.out, CAUSAL_AUDIT))
        write_rows(args.curves, CAUSAL_CURVES, points)
        write_csv(args.curves_csv, read_table(args.curves, CAUSAL_CURVES))
        title = (
            "Causal audit: mean difference between two curves, from no neuron to `upto`, "
            f"experiment {settings.experiment}, judge {judges_shown(rows, settings.judges)}"
        )
        write_text(args.md, as_markdown(areas, keys_of(CAUSAL_AUDIT), title))
