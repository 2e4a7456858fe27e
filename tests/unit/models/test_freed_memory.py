"""Large blocks are used again, and not given back to the system: no page is cleared twice."""

import platform
import subprocess
import sys

import pytest

from conftest import SCRIPTS

FAULTS = """
import resource
import torch
from safeneuron.models.freed_memory import keep_freed_memory

{call}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16 * 2**20)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def page_faults(call):
    run = subprocess.run(
        [sys.executable, "-c", FAULTS.format(call=call)],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SCRIPTS)},
    )  # fmt: skip
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_large_blocks_cost_no_page_faults_after_the_first():
    assert page_faults("keep_freed_memory()") * 20 < page_faults("")
