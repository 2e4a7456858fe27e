"""A model judge's verdict on every stored response of one attack."""

from typing import Any

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import benchmark_texts
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.model_judge import MODEL_JUDGES, model_judge_rows
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("model", "responses"), many=("prompts",)) as args:
        settings = args.settings
        set_deterministic(settings["cpu_threads"])
        rows = model_judge_rows(
            settings["judge"],
            MODEL_JUDGES[settings["kind"]],
            *load_checkpoint(args.model),
            read_table(args.responses, RESPONSES).to_pylist(),
            benchmark_texts(args.prompts, settings["datasets"]),
            settings["harmful"],
            settings["batch_size"],
        )
        write_rows(args.out, VERDICTS, rows)
