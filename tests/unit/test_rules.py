"""How the rules are written, read as text."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TARGETS = {"all", "figures", "tables"}
FILES = [REPOSITORY / "Snakefile", *sorted((REPOSITORY / "rules").glob("*.smk"))]
RULES = [
    pytest.param(file, name, body, id=name)
    for file in FILES
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", file.read_text(), re.M)
]


@pytest.mark.parametrize(("file", "name", "body"), RULES)
def test_every_rule_says_in_one_line_what_it_does(file, name, body):
    assert re.match(r'    """[A-Z].{10,80}\."""\n', body)


@pytest.mark.parametrize(("file", "name", "body"), RULES)
def test_a_rule_its_script_and_its_log_have_one_name(file, name, body):
    if name not in TARGETS:
        assert (REPOSITORY / f"workflow_scripts/{name}.py").is_file()
        assert f"python workflow_scripts/{name}.py" in body and f"/logs/{name}" in body


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_rules_hold_no_function_but_ask_the_library(file):
    assert not re.search(r"^\s*def ", file.read_text(), re.M)
