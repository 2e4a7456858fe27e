"""The organism's validation gate: whether a model state refuses and answers as it should."""

from dataclasses import asdict

from safeneuron.artifacts.gates import write_validation
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
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
        write_validation(
            args.out,
            settings.state.model_dump(),
            asdict(seen),
            seen.meets(gate),
            str(gate),
            gate.when_missed == "keep",
            "More steps (organism.safety_tuning.max_steps) may help; to keep such a model, marked "
            "in every table: organism.gate.when_missed: keep",
        )
