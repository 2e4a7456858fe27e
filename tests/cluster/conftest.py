import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster.slurm import Slurm, missing_programs
from workflow.checkout import Checkout

SMALLEST = "config/test/smallest.yaml"
# every model job asks for GPUs; training needs more than one of these holds
SITE = {
    "compute": {"gpu": {"from_parameters": 0, "memory_gb": 1.02}},
    "cluster": {"partition": "cpu", "gpu_partition": "gpu"},
}


def pytest_collection_modifyitems(items):
    missing = missing_programs()
    if missing:
        reason = f"{', '.join(missing)} not installed; `make test-slurm` says how"
        for item in items:
            if item.get_closest_marker("cluster"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Slurm]:
    # munge's socket needs a path shorter than pytest's own folders have
    with tempfile.TemporaryDirectory(prefix="slurm") as folder, Slurm(Path(folder)) as slurm:
        yield slurm


class ClusterCheckout(Checkout):
    """A checkout whose runs are dispatched to the test's Slurm."""

    cluster: Slurm

    def start(self, *arguments: str) -> subprocess.Popen:
        """Begin a run with the profile, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--profile", "slurm", *arguments,
             "--configfile", SMALLEST, "site.yaml"],
            cwd=self.folder,
            env=self.cluster.environment | {"SAFENEURON_SLURM_POLL": "4"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )  # fmt: skip

    def dispatch(self, *arguments: str) -> str:
        """Run with the profile to a good end; returns what was printed."""
        run = self.start(*arguments)
        output, _ = run.communicate(timeout=1800)
        assert run.returncode == 0, output[-6000:]
        return output

    def requests(self, *targets: str) -> dict[str, dict[str, str]]:
        """What a dry run says that each model job will ask for: comment -> resources."""
        run = self.start("-n", *targets)
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output[-6000:]
        found = {}
        for block in re.split(r"\n(?=\[)", output):
            rule = re.search(r"^rule (\w+):", block, re.M)
            if rule and "gpu=" in block:
                wildcards = re.search(r"^ +wildcards: (.*)$", block, re.M).group(1)
                values = re.findall(r"=([^,]+)", wildcards)
                resources = dict(re.findall(r"(\w+)=([^,\n]+)", block.split("resources:")[1]))
                found[f"rule_{rule.group(1)}_wildcards_{'_'.join(values).replace('/', '_')}"] = (
                    resources
                )
        return found


@pytest.fixture
def checkout(cluster, tmp_path) -> ClusterCheckout:
    checkout = ClusterCheckout.made(tmp_path, SMALLEST)
    checkout.cluster = cluster
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(SITE))
    return checkout
