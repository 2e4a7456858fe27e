"""Describe a user's checkpoint folder, so that it can serve as a model's T0."""

from pathlib import Path

from safeneuron.command import stage_arguments
from safeneuron.models.checkpoint import write_manifest

if __name__ == "__main__":
    args = stage_arguments(__doc__, "manifest")
    folder = Path(args.settings["path"])
    write_manifest(args.manifest, folder, args.settings["dtype"], args.provenance(), {})
