"""What a model state answers to one benchmark under one attack with its controls, or clean."""

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.interventions.cells import read_cells
from safeneuron.interventions.respond import respond
from safeneuron.interventions.schemas import RESPONSES
from safeneuron.interventions.settings import AttackSettings
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.models.vision import vision_for

if __name__ == "__main__":
    with stage(__doc__, AttackSettings, inputs=("model", "prompts"), many=("target",)) as args:
        settings, question = args.settings, args.settings.question
        set_deterministic(settings.cpu_threads)
        prompts = select_prompts(args.prompts, question.split, question.categories)
        choosing = None
        if question.choose_on is not None:
            choosing = select_prompts(args.prompts, question.choose_on, question.categories)
        cells = read_cells(settings.cells, args.target)
        model, tokenizer = load_checkpoint(args.model)
        rows = respond(
            model,
            tokenizer,
            cells,
            prompts,
            settings.max_new_tokens,
            settings.batch_size,
            vision_for(prompts["image"].to_pylist(), args.model, model.config),
            choosing,
        )
        write_rows(args.out, RESPONSES, [settings.columns | row for row in rows])
