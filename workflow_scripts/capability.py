"""One task of lm-eval on a model state, clean or with the neurons of an attack zeroed."""

from typing import Any

from pydantic import TypeAdapter

from safeneuron.artifacts.manifests import neuron_grid
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.capability.harness import measure
from safeneuron.capability.schemas import MEASURED
from safeneuron.command import stage
from safeneuron.data.questions import QUESTIONS
from safeneuron.interventions.cells import attack_cells, clean_cell
from safeneuron.interventions.settings import AnyOperator
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], inputs=("model", "questions"), many=("scores", "neurons")
    ) as args:
        settings = args.settings
        set_deterministic(settings["cpu_threads"])
        grid = neuron_grid(args.model)
        cells = [clean_cell(grid)]
        if settings["pruning"] is not None:
            (scores,), (neurons,) = args.scores, args.neurons
            pruning = dict(settings["pruning"])
            operator = TypeAdapter(AnyOperator).validate_python(pruning.pop("operator"))
            identified = read_neuron_set(neurons)
            cells = list(
                attack_cells(identified, read_criteria(scores), **pruning, operator=operator)
            )
        questions = read_table(args.questions, QUESTIONS).to_pylist()
        rows = measure(*load_checkpoint(args.model), cells, questions, **settings["asked"])
        versions = {name: rows[0][name] for name in ("lm_eval", "task_version")}
        write_rows(args.out, MEASURED, rows, versions)
