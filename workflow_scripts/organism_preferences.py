"""Preference pairs from the organism's alignment prompts, in a mix of safety and general ones."""

from safeneuron.command import stage
from safeneuron.data.pair_settings import Mix
from safeneuron.data.prompts import select_prompts
from safeneuron.organism.preferences import write_organism_preferences

if __name__ == "__main__":
    with stage(__doc__, Mix, inputs=("prompts",)) as args:
        prompts = select_prompts(args.prompts, "alignment")
        write_organism_preferences(args.out, prompts, args.settings)
