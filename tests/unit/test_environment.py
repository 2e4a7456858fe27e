"""The versions stand in pyproject.toml; the files that make environments are written from there."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import yaml

from safeneuron.environment import conda_environment, lock, pins

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = REPOSITORY / "pyproject.toml"
EXTRAS = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]


def test_every_dependency_is_pinned_to_one_version():
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in pins(PYPROJECT, *EXTRAS))


def test_what_is_installed_by_choice_is_the_pinned_version():
    (lm_eval,) = EXTRAS["capability"]
    for file in (
        "Makefile",
        "config/README.md",
        "workflow_scripts/safeneuron/experiment/checks.py",
    ):
        assert lm_eval in (REPOSITORY / file).read_text(), file


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("environment.yml", conda_environment(pins(PYPROJECT))),
        ("requirements.lock", lock(pins(PYPROJECT, "test"))),
    ],
)
def test_the_files_are_those_that_the_script_writes(file, content):
    wrong = "run: python workflow_scripts/write_environment.py"
    assert (REPOSITORY / file).read_text() == content, wrong


def test_users_get_no_linters_and_no_test_tools():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (by_pip,) = (d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert by_pip == pins(PYPROJECT) and not {*by_pip} & {*EXTRAS["test"]}


def test_a_lock_is_of_what_is_installed():
    with pytest.raises(ValueError, match=r"numpy==1.0 is wanted, [\d.]+ is installed"):
        lock(["numpy==1.0"])
    with pytest.raises(PackageNotFoundError):
        lock(["no-such-package==1.0"])


def test_a_lock_has_what_its_packages_need_and_no_more():
    names = {line.partition("==")[0] for line in lock(["pandas==3.1.1"]).splitlines()[1:]}
    needed = {"pandas", "numpy", "python-dateutil"}
    assert needed <= names <= needed | {"six", "tzdata"}
