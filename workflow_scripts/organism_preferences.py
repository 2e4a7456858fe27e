"""Preference pairs from the organism's alignment prompts, in a mix of safety and general ones."""

from typing import Any

from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.organism.preferences import write_organism_preferences

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("prompts",)) as args:
        mix = args.settings
        prompts = select_prompts(args.prompts, "alignment")
        write_organism_preferences(
            args.out,
            prompts,
            mix["pairs"],
            mix["safety_share"],
            mix["seed"],
        )
