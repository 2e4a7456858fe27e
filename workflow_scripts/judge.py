"""One judge's verdict on every stored response of one attack."""

from typing import Any

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import benchmark_texts
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.rules import JUDGES, judge_rows

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("responses",), many=("prompts",)) as args:
        settings = args.settings
        texts = benchmark_texts(args.prompts, settings["datasets"])
        responses = read_table(args.responses, RESPONSES).to_pylist()
        rows = judge_rows(settings["judge"], JUDGES[settings["judge"]], responses, texts)
        write_rows(args.out, VERDICTS, rows)
