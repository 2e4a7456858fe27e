"""A model judge's verdict on every stored response of one attack to one benchmark."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.judges.model_judge import MODEL_JUDGES, model_judge_rows
from safeneuron.judges.settings import ModelJudgeSettings
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(__doc__, ModelJudgeSettings, inputs=("model", "responses")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        rows = model_judge_rows(
            settings.judge,
            MODEL_JUDGES[settings.kind],
            *load_checkpoint(args.model),
            read_table(args.responses, RESPONSES).to_pylist(),
            settings.batch_size,
        )
        write_rows(args.out, VERDICTS, rows)
