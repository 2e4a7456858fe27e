"""The refusal directions of one model state, phase by phase, with the scores of every layer."""

import logging

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import selected_texts
from safeneuron.directions.files import write_directions
from safeneuron.directions.refusal import DIRECTION_SCORES, refusal_directions
from safeneuron.directions.settings import RefusalDirectionsSettings
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.first_tokens import encoded_halves
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(
        __doc__,
        RefusalDirectionsSettings,
        inputs=("model",),
        many=("unsafe", "safe"),
        outputs=("out", "scores"),
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model)
        unsafe, safe = (
            encoded_halves(tokenizer, selected_texts(paths, rows), settings.search.prompts)
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        found = refusal_directions(
            model, unsafe, safe, settings.search, settings.batch_size, tokenizer.pad_token_id
        )
        logging.info("log-odds of a refusal of the clean model: %.2f", found.clean_log_odds)
        write_directions(args.out, found.directions, found.layers)
        about = {**settings.state.model_dump(), "attack": settings.attack}
        write_rows(
            args.scores,
            DIRECTION_SCORES,
            [about | row for row in found.rows],
            {"clean_log_odds": found.clean_log_odds},
        )
