"""What small jobs and the Snakefile do not wait for: torch takes seconds to import."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"

# the stages that run a model or look into its weights; every other one starts without torch
MODEL_STAGES = {
    "align",
    "attack",
    "attacked_checkpoint",
    "base_answers",
    "capability",
    "capture",
    "capture_nulls",
    "convert_gguf",
    "gguf_checkpoint",
    "hub_checkpoint",
    "iterative_neurons",
    "local_checkpoint",
    "model_judge",
    "pretrain_organism",
    "probe_neurons",
    "reference_log_probs",
    "refusal_directions",
    "safety_tune",
    "single_neuron",
    "taylor_neurons",
    "tune_organism",
    "validate",
    "validate_organism",
}
# what the Snakefile asks, in the process that every `snakemake` begins with
ASKED = [
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts)
    for room in ("experiment", "config", "running")
    for path in sorted((SCRIPTS / "safeneuron" / room).rglob("*.py"))
    if path.name != "__init__.py"
]
LIGHT = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem not in MODEL_STAGES)


def imported(statements: str, *modules: str) -> set[str]:
    """Which of some modules a fresh Python has after some statements."""
    statements += f"\nimport sys\nprint(*sys.modules.keys() & {set(modules)})"
    done = subprocess.run(
        [sys.executable, "-c", statements],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {*done.stdout.split()}


def test_the_snakefile_asks_a_library_without_torch():
    statements = "\n".join(f"import {module}" for module in ASKED)
    heavy = ("torch", "transformers", "scipy.stats", "matplotlib")
    assert imported(statements, *heavy, "safeneuron.config.load") == {"safeneuron.config.load"}


def test_small_stages_start_without_torch():
    starts = "\n".join(
        f"runpy.run_path({str(SCRIPTS / stage) + '.py'!r}, run_name='imported')\n"
        f"assert 'torch' not in sys.modules, {stage!r}"
        for stage in LIGHT
    )
    assert imported(f"import runpy, sys\n{starts}", "torch", "transformers") == set()


def test_intervals_need_only_the_light_part_of_scipy():
    assert imported("import safeneuron.statistics.crossed", "scipy.stats", "scipy.special") == {
        "scipy.special"
    }
