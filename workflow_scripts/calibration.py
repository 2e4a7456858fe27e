"""How many neurons of each set a test calls different, and how many of all: tables/calibration."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.calibration_settings import CalibrationSettings
from safeneuron.neurons.calibration_table import CALIBRATION, calibration_rows
from safeneuron.results.calibration import as_wide

if __name__ == "__main__":
    with stage(
        __doc__,
        CalibrationSettings,
        many=("neurons", "unsafe", "safe", "nulls", "validations"),
        outputs=("out", "csv", "md"),
    ) as args:
        settings = args.settings
        rows = calibration_rows(settings, args.neurons, args.unsafe, args.safe, args.nulls)
        write_rows(args.out, CALIBRATION, with_gates(rows, args.validations))
        table = read_table(args.out, CALIBRATION)
        write_csv(args.csv, table)
        title = f"# Welch's t test, Benjamini-Hochberg at {settings.q} over all neurons"
        write_text(args.md, f"{title}\n\n{as_wide(table.to_pylist()).as_markdown()}\n")
