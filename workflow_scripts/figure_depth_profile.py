"""Figure 4: safety neurons against normalised depth by model, with its data beside it."""

from safeneuron.artifacts.tables import read_table, write_csv
from safeneuron.command import stage_arguments
from safeneuron.figures import depth_profile
from safeneuron.figures.style import save
from safeneuron.neurons.analyses import DEPTH_PROFILE

if __name__ == "__main__":
    args = stage_arguments(__doc__, "table", "pdf", "png", "csv")
    table = read_table(args.table, DEPTH_PROFILE)
    save(depth_profile.draw(table), args.pdf, args.png)
    write_csv(args.csv, table)
