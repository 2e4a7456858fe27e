"""Files of directions: unit vectors of the residual stream and the layers that they come from."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from safeneuron.artifacts.files import replacing, set_aside
from safeneuron.errors import CorruptFileError

_DOCUMENT = "safeneuron"


def write_directions(path: Path, directions: np.ndarray, layers: Sequence[int]) -> None:
    """Write directions as safetensors, whole or not at all.

    Args:
        directions: [phases, hidden], orthonormal.
        layers: whose input each was estimated at, [phases].
    """
    rows = np.ascontiguousarray(directions, dtype=np.float64)
    document = json.dumps({"layers": [*layers], "sha256": _digest(rows)}, sort_keys=True)
    with replacing(path) as scratch:
        save_file({"directions": rows}, scratch, {_DOCUMENT: document})


def read_directions(path: Path) -> np.ndarray:
    """The directions in a file, float64 [phases, hidden].

    Raises:
        CorruptFileError: the file is truncated or changed; it is set aside.
    """
    try:
        with safe_open(path, framework="numpy") as stored:
            rows: np.ndarray = stored.get_tensor("directions")
            expected = json.loads(stored.metadata()[_DOCUMENT])["sha256"]
    except (SafetensorError, OSError) as error:
        raise CorruptFileError(
            f"{path}: no readable directions ({error}); {set_aside(path)}"
        ) from error
    if _digest(rows) != expected:
        raise CorruptFileError(
            f"{path}: the directions are not those that were written; {set_aside(path)}"
        )
    return rows


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(rows.tobytes()).hexdigest()
