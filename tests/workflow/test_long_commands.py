"""The longest commands of the paper's configuration with ten seeds reach their stage whole.

Linux refuses a process with one argument of 131,072 bytes, or with some two megabytes of them.
"""

import ast
import re

import pytest
import yaml

from safeneuron.config.load import load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import attacks
from safeneuron.experiment.paths import Paths
from unit.config.test_shipped import laid_over
from workflow.checkout import REPOSITORY, Checkout

pytestmark = pytest.mark.workflow

STUB = """\
from safeneuron.command import stage

with stage("counts", many=("verdicts", "validations"), outputs=("out", "csv")) as args:
    args.out.write_text(f"{len(args.verdicts)} {len(set(args.verdicts))}")
    args.csv.touch()
"""
SNAKEFILE = """\
VERDICTS = open("names.txt").read().split()

rule attack_success:
    input: verdicts=VERDICTS, validations=VERDICTS[:3]
    output: table="table.parquet", csv="table.csv"
    log: "attack_success.log"
    params: code="digest"
    shell: {shell!r}
"""


@pytest.fixture(scope="module")
def names():
    """All verdict files of the paper's run with ten seeds."""
    overlay = yaml.safe_load((REPOSITORY / "config/paper.yaml").read_text(encoding="utf-8"))
    config = load_config(laid_over(Config().model_dump(), {**overlay, "seeds": list(range(10))}))
    return attacks.verdicts(config, Paths("results/paper"), attacks.answered(config))


def shell_of(rule):
    """The text of a rule's command."""
    pattern = rf'^rule {rule}:\n(?:    .*\n)*?    shell:\n((?: +".*"\n)+)'
    for file in sorted((REPOSITORY / "rules").glob("*.smk")):
        if found := re.search(pattern, file.read_text(), re.M):
            return ast.literal_eval(f"({found[1]})")
    raise ValueError(f"no rule {rule}")


def test_every_verdict_of_the_paper_at_ten_seeds_reaches_its_table(names, tmp_path):
    assert len(names) == len(set(names)) > 10_000 and sum(map(len, names)) > 2**21
    checkout = Checkout.made(tmp_path, "config/test/smallest.yaml")
    script = checkout.folder / "workflow_scripts" / "attack_success.py"
    script.write_text(STUB)
    for name in names:
        path = checkout.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (checkout.folder / "names.txt").write_text("\n".join(names))
    (checkout.folder / "Snakefile").write_text(SNAKEFILE.format(shell=shell_of("attack_success")))
    checkout.snakemake("--cores", "1")
    assert (checkout.folder / "table.parquet").read_text() == f"{len(names)} {len(names)}"
