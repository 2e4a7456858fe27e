"""Safety-tune an organism's base: gives the model T0."""

import logging

from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.models.threads import set_deterministic
from safeneuron.organism.prompts import sentences
from safeneuron.organism.safety_tuning import safety_tune
from safeneuron.organism.settings import TuneSettings

if __name__ == "__main__":
    with stage(
        __doc__, TuneSettings, inputs=("base", "prompts"), outputs=("out", "manifest")
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.base, "float32")
        steps = safety_tune(
            model,
            tokenizer,
            sentences(select_prompts(args.prompts, "alignment")),
            sentences(select_prompts(args.prompts, "validation")),
            settings.safety_tuning,
            settings.until,
            settings.seed,
        )
        logging.info("stopped after %d steps", steps)
        save_checkpoint(model, tokenizer, args.out)
        write_manifest(args.manifest, args.out, "float32", {"steps": steps})
