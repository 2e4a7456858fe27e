"""A judge's verdicts on one attack, but refused where the response holds words of refusal."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage_arguments
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.keyword_veto import veto_rows

if __name__ == "__main__":
    args = stage_arguments(__doc__, "verdicts", "responses", "out")
    rows = veto_rows(
        args.settings["judge"],
        read_table(args.verdicts, VERDICTS).to_pylist(),
        read_table(args.responses, RESPONSES).to_pylist(),
    )
    write_rows(args.out, VERDICTS, rows, args.provenance("verdicts", "responses"))
