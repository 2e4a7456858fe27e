"""What becomes of safe prompts under attack, benchmark by benchmark."""

from typing import Any

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import VERDICTS
from safeneuron.results.over_refusal import OVER_REFUSAL, over_refusal

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("verdicts", "validations"), outputs=("out", "csv")
    ) as args:
        settings = args.settings
        rows = []
        contexts = with_gates(settings["contexts"], args.validations)
        for verdicts, context in zip(args.verdicts, contexts, strict=True):
            rows += over_refusal(read_table(verdicts, VERDICTS), settings["roles"], context)
        write_rows(args.out, OVER_REFUSAL, rows)
        write_csv(args.csv, read_table(args.out, OVER_REFUSAL))
