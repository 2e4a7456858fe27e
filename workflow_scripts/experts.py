"""Experts of mixtures: how often unsafe prompts reach each, and its safety neurons."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.experts import EXPERTS, ExpertsSettings, expert_tables

if __name__ == "__main__":
    with stage(
        __doc__,
        ExpertsSettings,
        many=("neurons", "unsafe", "safe", "validations"),
        outputs=("out", "csv"),
    ) as args:
        rows = expert_tables(args.settings, args.neurons, args.unsafe, args.safe)
        write_rows(args.out, EXPERTS, with_gates(rows, args.validations))
        write_csv(args.csv, read_table(args.out, EXPERTS))
