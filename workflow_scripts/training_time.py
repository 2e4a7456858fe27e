"""What each arm's training cost, beside the baseline's."""

from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.settings import TrainingTimeSettings
from safeneuron.results.training_time import TRAINING_TIME, training_time

if __name__ == "__main__":
    with stage(__doc__, TrainingTimeSettings, many=("benchmarks",), outputs=("out", "csv")) as args:
        rows = training_time(args.settings.states, args.benchmarks, args.settings.baseline)
        write_rows(args.out, TRAINING_TIME, rows)
        write_csv(args.csv, read_table(args.out, TRAINING_TIME))
