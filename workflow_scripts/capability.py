"""One task of lm-eval on a model state, clean or under an attack."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.capability.harness import measure
from safeneuron.capability.schemas import MEASURED
from safeneuron.capability.settings import CapabilitySettings
from safeneuron.command import stage
from safeneuron.data.questions import QUESTIONS
from safeneuron.interventions.cells import read_cells
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(
        __doc__, CapabilitySettings, inputs=("model", "questions"), many=("target",)
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        cells = read_cells(settings.cells, args.target)
        questions = read_table(args.questions, QUESTIONS).to_pylist()
        rows = measure(
            *load_checkpoint(args.model), cells, questions, **settings.asked.model_dump()
        )
        about = {**settings.state.model_dump(), "attack": settings.attack}
        versions = {name: rows[0][name] for name in ("lm_eval", "task_version")}
        write_rows(args.out, MEASURED, [about | row for row in rows], versions)
