"""Regenerate config/config.yaml, config/config.schema.json and docs/config.md from the models.

Run by hand after a change of the schema: python workflow_scripts/write_config.py
"""

from pathlib import Path

from safeneuron.artifacts.files import write_text
from safeneuron.config.reference import reference
from safeneuron.config.render import default_yaml, json_schema

if __name__ == "__main__":
    repository = Path(__file__).parent.parent
    write_text(repository / "config" / "config.yaml", default_yaml())
    write_text(repository / "config" / "config.schema.json", json_schema())
    write_text(repository / "docs" / "config.md", reference())
