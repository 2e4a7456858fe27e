"""Where the files of prompts, pairs and questions are: their paths below the data root, joined."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from safeneuron.config.schema.capability import FileTask
from safeneuron.config.schema.experiment import HERE, Config
from safeneuron.data.pair_settings import FilePairs
from safeneuron.data.prompt_settings import FileDataset

_Entry = FileDataset | FilePairs | FileTask


def with_final_paths(config: Config) -> Config:
    """A copy whose files have paths that any stage can open; `data` itself stays, for messages.

    Relative paths of `datasets`, `preferences` and `capability.tasks` are joined with `data`;
    absolute ones stay, and those that begin with `./`. Models' paths are left alone.
    """
    capability = config.capability
    return config.model_copy(
        update={
            "datasets": _below(config.data, config.datasets),
            "preferences": _below(config.data, config.preferences),
            "capability": capability.model_copy(
                update={"tasks": _below(config.data, capability.tasks)}
            ),
        }
    )


def note_on_missing(config: Config, entry: _Entry) -> str:
    """What to add to a message about an entry with final paths; nothing if its files are there."""
    if isinstance(entry, FileTask):
        paths = [*entry.questions, *entry.shots]
    else:
        paths = [entry.path, *([] if entry.images is None else [entry.images])]
    missing = [path for path in paths if not Path(path).exists()]
    if config.data == HERE or not any(Path(p).is_relative_to(config.data) for p in missing):
        return ""
    return (
        f"; the data root is {config.data} (data: {config.data}): name the folder that has the "
        "file, also by --config data=FOLDER, or fetch the public files into data/ by make data"
    )


def _below(root: str, entries: Mapping[str, BaseModel]) -> dict[str, BaseModel]:
    return {name: _joined(root, entry) for name, entry in entries.items()}


def _joined(root: str, entry: BaseModel) -> BaseModel:
    def final(path: str) -> str:
        if root == HERE:
            return path
        # without the ./, which Snakemake warns of
        return path.removeprefix("./") if path.startswith("./") else str(Path(root) / path)

    if isinstance(entry, FileTask):
        files = {
            key: [final(path) for path in getattr(entry, key)] for key in ("questions", "shots")
        }
        return entry.model_copy(update=files)
    if isinstance(entry, (FileDataset, FilePairs)):
        update = {"path": final(entry.path)}
        if entry.images is not None:
            update["images"] = final(entry.images)
        return entry.model_copy(update=update)
    return entry
