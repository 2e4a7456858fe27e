"""Verdicts in a model judge's name on responses to safe prompts, which it is not asked about."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.not_asked import not_asked
from safeneuron.judges.rows import judge_rows
from safeneuron.judges.settings import JudgeSettings

if __name__ == "__main__":
    with stage(__doc__, JudgeSettings, inputs=("responses",)) as args:
        responses = read_table(args.responses, RESPONSES).to_pylist()
        write_rows(args.out, VERDICTS, judge_rows(args.settings.judge, not_asked, responses))
