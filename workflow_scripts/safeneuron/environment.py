"""The files that make an environment, from the pins in `pyproject.toml`.

Neither needs the network: `environment.yml` repeats the pins that running needs, and the lock adds
to all pins, those of the test tools too, what they depend on in the versions installed here.
"""

import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

WRITTEN = "# Written by workflow_scripts/write_environment.py from the pins in pyproject.toml."
# what a build of torch brings along for its GPUs differs from machine to machine
_OF_A_BUILD = ("cuda-", "nvidia-", "triton")


def pins(pyproject: Path, *extras: str) -> list[str]:
    """The dependencies, and those of some extras, as `NAME==VERSION`."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(pin for extra in extras for pin in optional[extra])]


def conda_environment(pinned: Iterable[str]) -> str:
    """`environment.yml`: Python by conda, everything else by pip."""
    document = {
        "name": "safeneuron",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "pip", {"pip": list(pinned)}],
    }
    use = (
        "# On Linux pip's torch is the CUDA build.\n"
        "#   conda env create -f environment.yml && conda activate safeneuron\n"
    )
    return f"{WRITTEN}\n{use}{yaml.safe_dump(document, sort_keys=False)}"


def lock(pinned: Iterable[str]) -> str:
    """`requirements.lock`: the pinned packages and all that they need, as installed here.

    Raises:
        PackageNotFoundError: one of them is not installed.
        ValueError: one of the pins is not the version that is installed.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [Requirement(pin) for pin in pinned]
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen or wanted.name.startswith(_OF_A_BUILD):
            continue
        seen.add(str(wanted))
        package = distribution(wanted.name)
        version = package.version.partition("+")[0]  # 2.13.0+cpu is a build of 2.13.0
        if not wanted.specifier.contains(version, prereleases=True):
            raise ValueError(f"{wanted} is wanted, {version} is installed")
        found[canonicalize_name(wanted.name)] = f"{package.name}=={version}"
        waiting += _needs(package.requires or (), wanted.extras)
    return "\n".join([WRITTEN, *(pin for _, pin in sorted(found.items())), ""])


def _needs(requirements: Iterable[str], extras: Iterable[str]) -> list[Requirement]:
    """What applies here, with the extras that are asked for."""
    return [
        needed
        for needed in map(Requirement, requirements)
        if needed.marker is None
        or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
