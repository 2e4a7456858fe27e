"""Regenerate config/config.yaml and config/config.schema.json from the typed models.

Run by hand after a change of the schema: python workflow_scripts/write_config.py
"""

from pathlib import Path

from safeneuron.artifacts.files import write_text
from safeneuron.config.render import default_yaml, json_schema

if __name__ == "__main__":
    folder = Path(__file__).parent.parent / "config"
    write_text(folder / "config.yaml", default_yaml())
    write_text(folder / "config.schema.json", json_schema())
