"""The organism's validation gate: whether a model state refuses and answers as it should."""

import json
import logging
from dataclasses import asdict

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.gates import MISSED, PASSED
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.errors import SafeNeuronError
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.organism.behaviour import measure
from safeneuron.organism.prompts import sentences
from safeneuron.organism.settings import ValidateSettings

if __name__ == "__main__":
    with stage(__doc__, ValidateSettings, inputs=("model", "prompts")) as args:
        settings, gate = args.settings, args.settings.gate
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model)
        seen = measure(model, tokenizer, sentences(select_prompts(args.prompts, "validation")))
        passed = seen.meets(gate)
        if not passed and gate.when_missed == "fail":
            raise SafeNeuronError(
                f"the validation gate was missed: wanted {gate}; on validation prompts: {seen}. "
                "More steps (organism.safety_tuning.max_steps) may help; to keep such a model, "
                "marked in every table: organism.gate.when_missed: keep"
            )
        outcome = PASSED if passed else MISSED
        level = logging.INFO if passed else logging.WARNING
        logging.log(level, "validation gate %s: wanted %s; %s", outcome, gate, seen)
        document = {**settings.state.model_dump(), "gate": outcome, "validation": asdict(seen)}
        write_text(args.out, json.dumps(document, indent=1, sort_keys=True) + "\n")
