"""What a model state answers unpruned (ORI) and under one pruning attack with its controls."""

from typing import Any

from pydantic import TypeAdapter

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import prompt_tables, select
from safeneuron.interventions.cells import attack_cells, clean_cell
from safeneuron.interventions.respond import respond
from safeneuron.interventions.schemas import RESPONSES
from safeneuron.interventions.settings import AnyOperator
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.models.vision import vision_for
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], inputs=("model", "scores", "neurons"), many=("prompts",)
    ) as args:
        settings = args.settings
        set_deterministic(settings["cpu_threads"])
        scores = read_criteria(args.scores)
        identified = read_neuron_set(args.neurons)
        tables = prompt_tables(args.prompts)
        benchmarks = {
            name: select(tables[b["dataset"]], b["split"], b["categories"])
            for name, b in settings["benchmarks"].items()
        }
        cells = [
            clean_cell(identified.grid),
            *attack_cells(
                identified,
                scores,
                settings["levels"],
                settings["fractions"],
                settings["control_seeds"],
                TypeAdapter(AnyOperator).validate_python(settings["operator"]),
            ),
        ]
        model, tokenizer = load_checkpoint(args.model)
        images = (image for table in benchmarks.values() for image in table["image"].to_pylist())
        rows = respond(
            model,
            tokenizer,
            cells,
            benchmarks,
            settings["max_new_tokens"],
            settings["batch_size"],
            vision_for(images, args.model, model.config),
        )
        write_rows(args.out, RESPONSES, rows)
