"""Safety-tune an organism's base behind the validation gate: gives the model T0."""

import logging
import sys
from dataclasses import asdict
from typing import Any

from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.checkpoint import load_folder, save_checkpoint, write_manifest
from safeneuron.models.threads import set_deterministic
from safeneuron.organism.behaviour import Gate
from safeneuron.organism.prompts import sentences
from safeneuron.organism.safety_tuning import SafetyTuningSettings, safety_tune

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], inputs=("base", "prompts"), outputs=("out", "manifest")
    ) as args:
        settings = args.settings
        set_deterministic(settings["cpu_threads"])
        model, tokenizer = load_folder(args.base, "float32")
        rules = dict(settings["safety_tuning"])
        gate_rules = rules.pop("gate")
        when_missed = gate_rules.pop("when_missed")
        gate = Gate(**gate_rules)
        result = safety_tune(
            model,
            tokenizer,
            sentences(select_prompts(args.prompts, "alignment")),
            sentences(select_prompts(args.prompts, "validation")),
            SafetyTuningSettings(**rules),
            gate,
            settings["seed"],
        )
        if not result.passed:
            logging.error(
                "the safety gate was not passed in %d steps: wanted %s; on validation prompts: %s",
                *(result.steps, gate, result.validation),
            )
            if when_missed == "fail":
                logging.error("to keep such a model, marked in every table: gate.when_missed: keep")
                sys.exit(1)
        save_checkpoint(model, tokenizer, args.out)
        reported = {
            "gate_passed": result.passed,
            "steps": result.steps,
            **asdict(result.validation),
        }
        write_manifest(args.manifest, args.out, "float32", reported)
