"""How much of each neuron set is found again from other prompts, by their number."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.calibration_settings import StabilitySettings
from safeneuron.neurons.stability import STABILITY, stability_rows
from safeneuron.results.stability import as_wide

if __name__ == "__main__":
    with stage(
        __doc__,
        StabilitySettings,
        many=("neurons", "nulls", "validations"),
        outputs=("out", "csv", "md"),
    ) as args:
        rows = stability_rows(args.settings, args.neurons, args.nulls)
        write_rows(args.out, STABILITY, with_gates(rows, args.validations))
        table = read_table(args.out, STABILITY)
        write_csv(args.csv, table)
        title = "# What prompts without one in common find again"
        write_text(args.md, f"{title}\n\n{as_wide(table.to_pylist()).as_markdown()}\n")
