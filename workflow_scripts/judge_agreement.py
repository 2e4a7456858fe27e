"""How far every two judges agree on what succeeded, by model state and attack level."""

from typing import Any

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import VERDICTS
from safeneuron.results.judge_agreement import JUDGE_AGREEMENT, judge_agreement

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("verdicts", "validations"), outputs=("out", "csv")
    ) as args:
        settings = args.settings
        rows = []
        for i, context in enumerate(with_gates(settings["contexts"], args.validations)):
            judged = args.verdicts[i * settings["judges"] : (i + 1) * settings["judges"]]
            tables = [read_table(path, VERDICTS) for path in judged]
            rows += judge_agreement(tables, settings["roles"], context)
        write_rows(args.out, JUDGE_AGREEMENT, rows)
        write_csv(args.csv, read_table(args.out, JUDGE_AGREEMENT))
