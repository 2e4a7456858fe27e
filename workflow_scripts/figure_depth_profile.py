"""Figure 4: safety neurons against normalised depth by model, with its data beside it."""

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage
from safeneuron.figures import depth_profile
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import DEPTH_PROFILE

if __name__ == "__main__":
    with stage(__doc__, inputs=("table",), outputs=("pdf", "png", "csv")) as args:
        table = read_table(args.table, DEPTH_PROFILE)
        save(depth_profile.draw(table), args.pdf, args.png)
        write_csv(args.csv, table)
