"""A safety-tuned model's validation gate: whether a state refuses harm, and only that."""

from dataclasses import asdict

from safeneuron.artifacts.gates import write_validation
from safeneuron.command import stage
from safeneuron.data.prompts import selected_texts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.tuning.behaviour import measure
from safeneuron.tuning.settings import ValidateSettings

if __name__ == "__main__":
    with stage(__doc__, ValidateSettings, inputs=("model",), many=("harmful", "harmless")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        harmful, harmless = (
            selected_texts(paths, rows)
            for paths, rows in (
                (args.harmful, settings.harmful),
                (args.harmless, settings.harmless),
            )
        )
        model, tokenizer = load_checkpoint(args.model)
        seen = measure(
            *(model, tokenizer, harmful, harmless),
            *(settings.max_new_tokens, settings.batch_size),
        )
        bounds, model_name = settings.bounds, settings.state.model
        write_validation(
            args.out,
            settings.state.model_dump(),
            asdict(seen),
            seen.meets(bounds),
            str(bounds),
            bounds.when_missed == "keep",
            f"More steps or other prompts (models.{model_name}.safety_tuning) may help; to keep "
            f"such a model, marked in every table: models.{model_name}.gate.when_missed: keep",
        )
