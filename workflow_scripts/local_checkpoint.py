"""Describe a user's checkpoint folder, so that it can serve as a model's T0."""

from pathlib import Path
from typing import Any

from safeneuron.command import stage
from safeneuron.models.checkpoint import write_manifest

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], outputs=("manifest",)) as args:
        folder = Path(args.settings["path"])
        write_manifest(args.manifest, folder, args.settings["dtype"])
