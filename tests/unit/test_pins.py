"""The versions stand in pyproject.toml; the conda environment and the lock file repeat them."""

import re
import tomllib
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PINS = {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]}
EXTRA = PROJECT["optional-dependencies"]["capability"]


def test_every_dependency_is_pinned_to_one_version():
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in (*PINS, *EXTRA))


def test_what_is_installed_by_choice_is_the_pinned_version():
    (lm_eval,) = EXTRA
    assert f"pip install --quiet {lm_eval}" in (REPOSITORY / "Makefile").read_text()
    for file in ("config/README.md", "workflow_scripts/safeneuron/experiment/checks.py"):
        assert lm_eval in (REPOSITORY / file).read_text()


def test_the_conda_environment_repeats_the_pins():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (pip,) = (d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert set(pip) == PINS


def test_the_lock_file_agrees_with_the_pins():
    # torch is installed before the lock file, alone, so that its build can be chosen
    lock = (REPOSITORY / "requirements.lock").read_text().lower().split()
    assert {pin for pin in PINS if pin.lower() not in lock} == {"torch==2.13.0"}


def test_the_makefile_installs_the_pinned_torch():
    assert "torch==2.13.0" in (REPOSITORY / "Makefile").read_text()
