"""A model state's log-probabilities of the preference pairs, for the rounds that start there."""

from safeneuron.alignment.dpo_training import reference_log_probs
from safeneuron.alignment.reference_table import REFERENCE
from safeneuron.alignment.settings import ReferenceSettings
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.preferences import PREFERENCES
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.models.vision import vision_for

if __name__ == "__main__":
    with stage(__doc__, ReferenceSettings, inputs=("model", "preferences")) as args:
        set_deterministic(args.settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model, "float32")  # as align does
        pairs = read_table(args.preferences, PREFERENCES).to_pylist()
        rows = reference_log_probs(
            model,
            tokenizer,
            pairs,
            args.settings.precision,
            args.settings.batch_pairs,
            vision_for((pair["image"] for pair in pairs), args.model, model.config),
        )
        write_rows(args.out, REFERENCE, rows)
