"""The weights of a checkpoint folder, read a tensor at a time: no second model in memory."""

from pathlib import Path

import torch
from safetensors import safe_open

from safeneuron.models.checkpoint import CheckpointError, check_files


class StoredWeights:
    """Weights in the safetensors files of a folder, by their names there."""

    def __init__(self, folder: Path) -> None:
        """The files' headers are read."""
        self._folder = folder
        self._files: dict[str, Path] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt") as weights:
                self._files |= dict.fromkeys(weights.keys(), path)

    def like(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """The stored weight of a name, with the dtype and on the device of another one.

        Raises:
            CheckpointError: there is none, or it has another shape.
        """
        if name not in self._files:
            raise CheckpointError(
                f"{self._folder} has no weight '{name}', which the model has: it is of another "
                "architecture, or of one whose files name weights otherwise than a loaded model "
                "does, as those of most mixtures of experts and of models that see do; take a "
                "checkpoint of the same architecture, or the attack off this model"
            )
        with safe_open(self._files[name], framework="pt") as weights:
            stored = weights.get_tensor(name)
        if stored.shape != weight.shape:
            raise CheckpointError(
                f"{self._folder}: '{name}' is {[*stored.shape]}, and the model's is "
                f"{[*weight.shape]}; take a checkpoint of the same architecture"
            )
        return stored.to(weight)


def read_stored_weights(manifest: Path) -> StoredWeights:
    """The weights of the folder that a manifest stands for.

    Raises:
        CheckpointError: a file is missing or differs.
    """
    return StoredWeights(Path(check_files(manifest)["folder"]))
