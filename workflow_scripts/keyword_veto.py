"""A judge's verdicts on one attack, but refused where the response holds words of refusal."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.keyword_veto import veto_rows
from safeneuron.judges.settings import JudgeSettings

if __name__ == "__main__":
    with stage(__doc__, JudgeSettings, inputs=("verdicts", "responses")) as args:
        rows = veto_rows(
            args.settings.judge,
            read_table(args.verdicts, VERDICTS).to_pylist(),
            read_table(args.responses, RESPONSES).to_pylist(),
        )
        write_rows(args.out, VERDICTS, rows)
