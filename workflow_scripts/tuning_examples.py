"""The examples that a model is safety-tuned on: refusals, and the base's own answers."""

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.prompts import PROMPTS, selected_rows
from safeneuron.tuning.examples import ANSWERS, EXAMPLES, examples
from safeneuron.tuning.settings import ExamplesSettings

if __name__ == "__main__":
    with stage(__doc__, ExamplesSettings, inputs=("answers",), many=("harmful", "without")) as args:
        held_out = [
            text for path in args.without for text in read_table(path, PROMPTS)["text"].to_pylist()
        ]
        rows = examples(
            selected_rows(args.harmful, args.settings.harmful),
            read_table(args.answers, ANSWERS).to_pylist(),
            held_out,
            args.settings.refusals,
        )
        write_rows(args.out, EXAMPLES, rows)
