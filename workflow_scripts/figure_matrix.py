"""Arms against the strongest attacks within a bound on utility, with the figure's data."""

import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import matrix
from safeneuron.figures.settings import MatrixFigure
from safeneuron.figures.style import save
from safeneuron.results.matrix import MATRIX
from safeneuron.results.training_time import TRAINING_TIME

if __name__ == "__main__":
    with stage(
        __doc__, MatrixFigure, inputs=("table",), many=("time",), outputs=("pdf", "png", "csv")
    ) as args:
        of_model = pc.field("model") == args.settings.model
        table = read_table(args.table, MATRIX).filter(of_model)
        times = [read_table(path, TRAINING_TIME).filter(of_model) for path in args.time]
        figure = matrix.draw(table, times, args.settings.utility_bound)
        save(figure, args.pdf, args.png)
        write_csv(args.csv, table)
