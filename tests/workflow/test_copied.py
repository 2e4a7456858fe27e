"""A results folder that was copied or moved without its files' times: nothing runs again."""

import os
import shutil

import pytest

from workflow import warm_snakemake
from workflow.checkout import REPOSITORY

pytestmark = pytest.mark.workflow

LARGE = """\
rule use:
    input:
        "large.bin",
    output:
        "used.txt",
    shell:
        "wc -c < {input} > {output}"
"""


def test_a_large_file_that_is_newer_but_the_same_reruns_nothing(tmp_path):
    shutil.copytree(REPOSITORY / "profiles", tmp_path / "profiles")
    (tmp_path / "Snakefile").write_text(LARGE)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(5_000_000))

    def snakemake(*arguments):
        status, output = warm_snakemake.snakemake(arguments, tmp_path, os.environ)
        assert status == 0, output
        return output

    snakemake("--cores", "1")
    os.utime(large, (2e9, 2e9))
    assert "Nothing to be done" in snakemake("-n")
    large.write_bytes(bytes(4_999_999) + b"1")
    os.utime(large, (2e9, 2e9))
    assert "Updated input files: large.bin" in snakemake("-n")
