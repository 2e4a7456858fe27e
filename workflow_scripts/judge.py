"""One judge's verdict on every stored response of one attack to one benchmark."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.rows import judge_rows
from safeneuron.judges.rules import JUDGES
from safeneuron.judges.settings import JudgeSettings

if __name__ == "__main__":
    with stage(__doc__, JudgeSettings, inputs=("responses",)) as args:
        judge = args.settings.judge
        responses = read_table(args.responses, RESPONSES).to_pylist()
        write_rows(args.out, VERDICTS, judge_rows(judge, JUDGES[judge], responses))
