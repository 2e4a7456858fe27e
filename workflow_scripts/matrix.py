"""Arms against attacks: the strongest within a bound on utility, chosen on validation prompts."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import VALIDATION
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success
from safeneuron.results.bounded_contrasts import BOUNDED_CONTRASTS, bounded_contrasts
from safeneuron.results.bounded_worst_case import (
    BOUNDED_WORST_CASE,
    bounded_worst_cases,
    by_seed,
    candidates,
)
from safeneuron.results.matrix import MATRIX, as_matrix, matrix
from safeneuron.results.outcomes import read_outcomes
from safeneuron.results.settings import MatrixSettings
from safeneuron.results.wide import as_markdown, keys_of

SCHEMAS = {
    "matrix": MATRIX,
    "bounded_worst_case": BOUNDED_WORST_CASE,
    "bounded_contrasts": BOUNDED_CONTRASTS,
}

if __name__ == "__main__":
    names = [f"{name}_{ending}" for name in SCHEMAS for ending in ("parquet", "csv")]
    names += ["matrix_md", "bounded_contrasts_md"]
    with stage(
        __doc__,
        MatrixSettings,
        inputs=("attack_success",),
        many=("verdicts", "prompts"),
        outputs=names,
    ) as args:
        settings = args.settings
        judges, simulates = settings.judges, settings.simulates
        table = read_table(args.attack_success, ATTACK_SUCCESS).to_pylist()
        rows = [row for row in table if row["model"] in settings.models]
        chosen_by = attack_success(args.verdicts, VALIDATION)
        outcomes = read_outcomes(args.verdicts, args.prompts)
        found = candidates(rows, chosen_by, judges, settings.utility_bound)
        worst = bounded_worst_cases(found, simulates)
        tables = {
            "matrix": matrix(worst, rows, outcomes, simulates),
            "bounded_worst_case": by_seed(worst, rows),
            "bounded_contrasts": bounded_contrasts(
                found, outcomes, settings.baseline, simulates, settings.primary
            ),
        }
        for name, long in tables.items():
            parquet, csv = (getattr(args, f"{name}_{ending}") for ending in ("parquet", "csv"))
            write_rows(parquet, SCHEMAS[name], long)
            write_csv(csv, read_table(parquet, SCHEMAS[name]))
        about = (
            f"strongest attacks that cost at most {settings.utility_bound:.0%} of utility, chosen "
            f"on validation prompts, experiment {settings.experiment}"
        )
        wide = as_matrix(tables["matrix"]).as_markdown()
        write_text(args.matrix_md, f"# Arms against attacks: {about}\n\n{wide}\n")
        title = f"Arms less {settings.baseline}, paired by seed and prompt: {about}"
        contrasts = as_markdown(tables["bounded_contrasts"], keys_of(BOUNDED_CONTRASTS), title)
        write_text(args.bounded_contrasts_md, contrasts)
