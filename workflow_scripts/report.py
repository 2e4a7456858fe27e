"""One self-contained page: what was run, what was found, every figure."""

import pyarrow.compute as pc

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.gates import with_validations
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import read_table
from safeneuron.capability.schemas import CAPABILITY
from safeneuron.command import stage
from safeneuron.data.prompt_overlap import PROMPT_OVERLAP
from safeneuron.neurons.calibration_table import CALIBRATION
from safeneuron.neurons.stability import STABILITY
from safeneuron.neurons.topic_control import TOPIC_CONTROL
from safeneuron.organism.chat_template import speaks_organism
from safeneuron.report.page import as_shown, render
from safeneuron.report.settings import ReportSettings
from safeneuron.results import against_paper, freeze_reports
from safeneuron.results.attack_curves import ATTACK_CURVES
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.bounded_contrasts import BOUNDED_CONTRASTS
from safeneuron.results.calibration import as_wide as calibration_lines
from safeneuron.results.capability import as_wide as capability_lines
from safeneuron.results.causal_audit import CAUSAL_AUDIT
from safeneuron.results.contrasts import CONTRASTS
from safeneuron.results.judge_agreement import JUDGE_AGREEMENT
from safeneuron.results.matrix import MATRIX, as_matrix
from safeneuron.results.over_refusal import OVER_REFUSAL, by_benchmark
from safeneuron.results.paper_tables import TABLE_1, TABLE_2, TABLE_3
from safeneuron.results.shown import judges_shown, of_first_benchmark, of_shown_judge
from safeneuron.results.stability import as_wide as stability_lines
from safeneuron.results.training_time import TRAINING_TIME
from safeneuron.results.wide import as_wide, keys_of
from safeneuron.results.worst_case import WORST_CASE

SCHEMAS = {
    "table_1": TABLE_1,
    "worst_case": WORST_CASE,
    "attack_curves": ATTACK_CURVES,
    "contrasts": CONTRASTS,
    "bounded_contrasts": BOUNDED_CONTRASTS,
    "causal_audit": CAUSAL_AUDIT,
    "table_2": TABLE_2,
    "table_3": TABLE_3,
}
PLAIN = {
    "judge_agreement": JUDGE_AGREEMENT,
    "topic_control": TOPIC_CONTROL,
    "training_time": TRAINING_TIME,
    "prompt_overlap": PROMPT_OVERLAP,
}

if __name__ == "__main__":
    with stage(
        __doc__, ReportSettings, many=("figures", "readings", "models", "validations", "tables")
    ) as args:
        settings = args.settings
        tables = {path.stem: path for path in args.tables}
        attack_success = []
        if "attack_success" in tables:
            rows = read_table(tables["attack_success"], ATTACK_SUCCESS).to_pylist()
            attack_success = of_shown_judge(of_first_benchmark(rows), settings.judges)
        wide = {
            name: as_wide(read_table(tables[name], schema).to_pylist(), keys_of(schema))
            for name, schema in SCHEMAS.items()
            if name in tables
        }
        plain = {
            name: read_table(tables[name], schema)
            for name, schema in PLAIN.items()
            if name in tables
        }
        if "judge_agreement" in plain:  # as the attacks: T0 alone, the table has every state
            plain["judge_agreement"] = plain["judge_agreement"].filter(pc.field("round") == 0)
        wide |= {name: as_shown(table) for name, table in plain.items()}
        if "over_refusal" in tables:
            rows = read_table(tables["over_refusal"], OVER_REFUSAL)
            wide["over_refusal"] = as_shown(by_benchmark(rows, settings.judges))
        if "capability" in tables:
            rows = read_table(tables["capability"], CAPABILITY).to_pylist()
            wide["capability"] = capability_lines(rows)
        if "matrix" in tables:
            wide["matrix"] = as_matrix(read_table(tables["matrix"], MATRIX).to_pylist())
        if "calibration" in tables:
            rows = read_table(tables["calibration"], CALIBRATION).to_pylist()
            wide["calibration"] = calibration_lines(rows)
        if "stability" in tables:
            rows = read_table(tables["stability"], STABILITY).to_pylist()
            wide["stability"] = stability_lines(rows)
        if "freeze_reports" in tables:
            rows = read_table(tables["freeze_reports"], freeze_reports.FREEZE_REPORTS).to_pylist()
            wide["freeze_reports"] = freeze_reports.as_wide(rows)
        if "against_paper" in tables:
            rows = read_table(tables["against_paper"], against_paper.AGAINST_PAPER).to_pylist()
            wide |= {
                f"against_paper_{table}": against_paper.as_wide(rows, table)
                for table in sorted({row["table"] for row in rows})
            }
        states = [
            {**state, **read_manifest(manifest)}
            for state, manifest in zip(
                with_validations(
                    [state.model_dump() for state in settings.states], args.validations
                ),
                args.models,
                strict=True,
            )
        ]
        document = render(
            settings.experiment,
            states,
            attack_success,
            wide,
            judges_shown(attack_success, settings.judges),
            {str(path.relative_to(args.out.parent)): path for path in args.figures},
            {path.with_suffix(".png"): path.read_text(encoding="utf-8") for path in args.readings},
            [s["model"] for s in states if settings.foreign_text and speaks_organism(s)],
            args.provenance(),
        )
        write_text(args.out, document)
