"""Write environment.yml and requirements.lock anew from the pins in pyproject.toml.

To upgrade a package: change its pin there, `pip install` it, run this.
"""

from pathlib import Path

from safeneuron.artifacts.files import write_text
from safeneuron.environment import conda_environment, lock, pins

if __name__ == "__main__":
    root = Path(__file__).parents[1]
    pyproject = root / "pyproject.toml"
    write_text(root / "environment.yml", conda_environment(pins(pyproject)))
    write_text(root / "requirements.lock", lock(pins(pyproject, "test")))
