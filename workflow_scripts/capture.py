"""Moments of every neuron's pooled activation over one category of prompts, on one model state."""

import logging

from safeneuron.capture.capture import capture_moments
from safeneuron.capture.settings import CaptureSettings
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.chat import describe_prompt, encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.moments import save_moments

if __name__ == "__main__":
    with stage(__doc__, CaptureSettings, inputs=("model",), many=("prompts",)) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        tables = (
            select_prompts(path, settings.split, settings.categories) for path in args.prompts
        )
        texts = [text for table in tables for text in table["text"].to_pylist()]
        model, tokenizer = load_checkpoint(args.model)
        prompts = encode_prompts(tokenizer, texts)
        logging.info("the first prompt: %s", describe_prompt(tokenizer, texts[0]))
        logging.info("%d prompts, %d tokens", len(prompts), sum(map(len, prompts)))
        moments = capture_moments(
            model, prompts, settings.poolings, settings.batch_size, tokenizer.pad_token_id
        )
        save_moments(args.out, moments)
