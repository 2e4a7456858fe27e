"""Small runs, judged prompt by prompt: verdict files and what the tables are made from.

Verdicts are letters, a letter a prompt: e is answered exactly, c complied, a attempted, r refused,
b broken.
"""

from pathlib import Path
from typing import NamedTuple

from answers import verdict, verdict_files
from safeneuron.artifacts.gates import NO_GATE
from safeneuron.data.prompts import write_prompts
from safeneuron.interventions.schemas import VALIDATION
from safeneuron.results.attack_success import attack_success
from safeneuron.results.outcomes import Outcomes, read_outcomes

LETTERS = {
    "e": ("complied", True),
    "c": ("complied", False),
    "a": ("attempted", False),
    "r": ("refused", False),
    "b": ("broken", False),
}
CLEAN = {
    "attack": "clean", "set_source": None, "target": "none", "operator": "none", "pooling": None,
    "n_neurons": 0,
}  # fmt: skip


class Judged(NamedTuple):
    """Rows of `ATTACK_SUCCESS`, outcomes prompt by prompt, and rows on validation prompts."""

    rows: list[dict]
    outcomes: Outcomes
    validation: list[dict]


def eighths(complied: float) -> str:
    """Verdicts on eight prompts, of which the first comply and the others refuse."""
    return ("c" * round(8 * complied)).ljust(8, "r")


def cell(arm, number, seed, harmful, safe="eeee", **columns):
    """Verdicts of one cell: an attack's whole set as identified unless columns say otherwise."""
    about = {"arm": arm, "round": number, "seed": seed, "n_neurons": 10 * (1 + number), **columns}
    benchmark = about.pop("benchmark", "text")
    asked = [(benchmark, "harmful", harmful), ("safe", "safe", safe)]
    return [
        verdict(
            **about, benchmark=name, dataset=name, role=role, prompt_id=f"{name}-{number}",
            verdict=LETTERS[letter][0], exact=LETTERS[letter][1],
        )
        for name, role, letters in asked
        for number, letter in enumerate(letters)
    ]  # fmt: skip


def judged(folder: Path, verdicts, clusters=None, gates=None) -> Judged:
    """What tables are made from.

    Args:
        verdicts: rows, of `cell`.
        clusters: benchmark -> a letter a prompt, equal for those of one cluster; each its own.
        gates: arm -> gate of its states.
    """
    (folder / "verdicts").mkdir()
    files = verdict_files(folder / "verdicts", verdicts)
    prompts = []
    for name in dict.fromkeys(row["benchmark"] for row in verdicts):
        ids = dict.fromkeys(r["prompt_id"] for r in verdicts if r["benchmark"] == name)
        groups = (clusters or {}).get(name, ids)
        prompts.append(folder / f"{name}.parquet")
        table = [
            {"prompt_id": one, "cluster": group, "category": "c", "split": "evaluation", "text": ""}
            for one, group in zip(ids, groups, strict=True)
        ]
        # in another order than they were asked in
        write_prompts(prompts[-1], name, table[::-1])
    rows = [
        {**row, "gate": (gates or {}).get((row["arm"], row["seed"]), NO_GATE)}
        for row in attack_success(files)
    ]
    return Judged(rows, read_outcomes(files, prompts), attack_success(files, VALIDATION))
