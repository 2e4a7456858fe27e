"""Describe a user's checkpoint folder, so that it can serve as a model's T0."""

from pathlib import Path

from safeneuron.command import stage
from safeneuron.models.checkpoint import write_manifest
from safeneuron.models.settings import LocalCheckpoint

if __name__ == "__main__":
    with stage(__doc__, LocalCheckpoint, outputs=("manifest",)) as args:
        settings = args.settings
        folder = Path(settings.path)
        write_manifest(args.manifest, folder, settings.dtype, system_prompt=settings.system_prompt)
