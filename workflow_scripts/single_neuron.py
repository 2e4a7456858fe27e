"""The one neuron of a model state that a refusal hangs on, with what each candidate does."""

import logging

from safeneuron.artifacts.tables import write_rows
from safeneuron.attribution.settings import SingleNeuronSettings
from safeneuron.attribution.single import single_neuron
from safeneuron.command import stage
from safeneuron.data.prompts import selected_texts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.first_tokens import encoded_halves
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.candidates import CANDIDATES
from safeneuron.neurons.criteria import write_criteria

if __name__ == "__main__":
    with stage(
        __doc__,
        SingleNeuronSettings,
        inputs=("model",),
        many=("unsafe", "safe"),
        outputs=("out", "candidates"),
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model)
        unsafe, safe = (
            encoded_halves(tokenizer, selected_texts(paths, rows), settings.search.prompts)
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        found = single_neuron(
            model, unsafe, safe, settings.search, settings.batch_size, tokenizer.pad_token_id
        )
        logging.info("log-odds of a refusal of the clean model: %.2f", found.clean_log_odds)
        about = {**settings.state.model_dump(), "attack": settings.attack}
        clean = {"clean_log_odds": found.clean_log_odds}
        gaps = found.gaps
        scores = {"single": gaps.score, "unsafe": gaps.unsafe, "safe": gaps.safe}
        write_criteria(args.out, scores, about | clean)
        write_rows(args.candidates, CANDIDATES, [about | row for row in found.rows], clean)
