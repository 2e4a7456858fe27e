"""The versions of the model libraries that an experiment's stages count as made with."""

import logging
from pathlib import Path

from safeneuron.artifacts import versions
from safeneuron.config.load import canonical_json
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment.paths import Paths


class Libraries:
    """A parameter of every stage that runs a model.

    It is what the experiment began with, so that an upgraded library reruns these stages only if
    `compute.on_upgrade` says so.
    """

    def __init__(self, config: Config, paths: Paths) -> None:
        """Reads the experiment's record, if it has one."""
        self._results, self._record = paths.results, Path(paths.libraries)
        self._on_upgrade = config.compute.on_upgrade
        self._installed = versions.installed()
        self._before = versions.recorded(self._record) or self._installed
        self._counted = self._installed if self._on_upgrade == "rerun" else self._before
        self.parameter = canonical_json(self._counted)

    def warn_of_changes(self, log: logging.Logger) -> None:
        """Say that results were made with other versions and are kept, if that is so."""
        changes = versions.changes(self._before, self._installed)
        if changes and self._on_upgrade == "warn":
            log.warning(
                f"{self._results} was made with other libraries ({changes}); its results are kept. "
                "To make them again: compute.on_upgrade: rerun; to silence this: ignore"
            )

    def record(self) -> None:
        """Remember the versions that count; called when a run starts."""
        versions.record(self._record, self._counted)
