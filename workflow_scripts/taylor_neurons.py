"""How much of a refusal hangs on every neuron of one model state, to first order."""

import logging

from safeneuron.attribution.gradients import check_one_width
from safeneuron.attribution.settings import TaylorNeuronsSettings
from safeneuron.attribution.taylor import taylor_scores
from safeneuron.command import stage
from safeneuron.data.prompts import selected_texts
from safeneuron.data.spread import spread
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.first_tokens import RefusalOdds
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.criteria import write_criteria

if __name__ == "__main__":
    with stage(__doc__, TaylorNeuronsSettings, inputs=("model",), many=("unsafe", "safe")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model)
        check_one_width(model)
        unsafe, safe = (
            encode_prompts(tokenizer, spread(selected_texts(paths, rows), settings.search.prompts))
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        odds = RefusalOdds(model, unsafe, safe, settings.batch_size, tokenizer.pad_token_id)
        scores = taylor_scores(model, unsafe, odds.refusal, settings.batch_size).numpy()
        about = {**settings.state.model_dump(), "attack": settings.attack}
        write_criteria(
            args.out, {"taylor": scores}, about | {"clean_log_odds": odds.clean_log_odds}
        )
        logging.info(
            "log-odds of a refusal %.2f, attributed to all neurons %.2f",
            odds.clean_log_odds,
            scores.sum(),
        )
