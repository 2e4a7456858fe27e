"""Preference pairs from the organism's alignment prompts, in a mix of safety and general ones."""

from safeneuron.alignment.preferences import write_organism_preferences
from safeneuron.command import stage_arguments
from safeneuron.data.prompts import select_prompts

if __name__ == "__main__":
    args = stage_arguments(__doc__, "prompts", "out")
    mix = args.settings
    prompts = select_prompts(args.prompts, "alignment")
    write_organism_preferences(
        args.out,
        prompts,
        mix["pairs"],
        mix["safety_share"],
        mix["seed"],
        args.provenance("prompts"),
    )
