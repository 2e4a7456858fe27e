"""What a model answers to harmless prompts before it is safety-tuned."""

import logging

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import selected_rows
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.generation import generate
from safeneuron.models.threads import set_deterministic
from safeneuron.progress import Progress
from safeneuron.tuning.examples import ANSWERS, answer_rows
from safeneuron.tuning.settings import BaseAnswersSettings

if __name__ == "__main__":
    with stage(__doc__, BaseAnswersSettings, inputs=("model",), many=("prompts",)) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        prompts = selected_rows(args.prompts, settings.rows)
        model, tokenizer = load_checkpoint(args.model)
        texts = [row["text"] for row in prompts]
        with Progress(logging.getLogger(), "answers", len(texts)) as progress:
            responses = generate(
                *(model, tokenizer, texts, settings.max_new_tokens, settings.batch_size),
                progress.advance,
            )
        write_rows(args.out, ANSWERS, answer_rows(prompts, responses))
