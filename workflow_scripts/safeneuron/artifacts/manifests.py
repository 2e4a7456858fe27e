"""Reading checkpoint manifests where no model is needed (see `models.checkpoint`)."""

import json
from pathlib import Path
from typing import Any

from safeneuron.artifacts.files import set_aside
from safeneuron.errors import CorruptFileError


def read_manifest(manifest: Path) -> dict[str, Any]:
    """The document of a manifest.

    Raises:
        CorruptFileError: it is not JSON; it is set aside.
    """
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptFileError(f"{manifest}: not JSON ({error}); {set_aside(manifest)}") from None


def neuron_grid(manifest: Path) -> tuple[int, int]:
    """Layers and neurons a layer."""
    document = read_manifest(manifest)
    return document["layers"], document["neurons"]
