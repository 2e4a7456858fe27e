"""Prompts shared by the sets of identification, training and evaluation; leakage is an error."""

from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompt_overlap import (
    PROMPT_OVERLAP,
    TRAINING,
    Compared,
    PromptSet,
    check_leakage,
    overlap_rows,
)
from safeneuron.data.prompts import prompt_tables, question, question_of, select
from safeneuron.tuning.examples import EXAMPLES

if __name__ == "__main__":
    with stage(
        __doc__,
        Compared,
        many=("prompts", "preferences", "examples"),
        outputs=("out", "csv"),
    ) as args:
        settings: Compared = args.settings
        tables = prompt_tables(args.prompts)
        sets = []
        for entry in settings.sets:
            table = select(tables[entry.dataset], entry.split, entry.categories)
            prompts = {row["prompt_id"]: question_of(row) for row in table.to_pylist()}
            sets.append(PromptSet(entry.name, entry.use, prompts))
        for name, path in zip(settings.mixes, args.preferences, strict=True):
            rows = read_table(path, PREFERENCES).to_pylist()
            pairs = {row["pair_id"]: question(row["prompt"], row["image"]) for row in rows}
            sets.append(PromptSet(name, TRAINING, pairs))
        for name, path in zip(settings.tuned, args.examples, strict=True):
            rows = read_table(path, EXAMPLES).to_pylist()
            examples = {row["example_id"]: row["prompt"] for row in rows}
            sets.append(PromptSet(name, TRAINING, examples))
        rows = overlap_rows(sets, {(first, second) for first, second in settings.allowed})
        check_leakage(rows)
        write_rows(args.out, PROMPT_OVERLAP, rows)
        write_csv(args.csv, read_table(args.out, PROMPT_OVERLAP))
