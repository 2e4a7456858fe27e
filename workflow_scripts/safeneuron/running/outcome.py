"""What a run that succeeded ends with."""

from collections.abc import Iterable
from pathlib import Path

from safeneuron.artifacts.gates import MISSED, gate_of


def products(experiment: str, paths: Iterable[str]) -> str:
    """The report, tables and figures that are there, for people: pages, CSV and PNG files."""
    shown = [p for p in paths if Path(p).suffix in (".html", ".csv", ".png") and Path(p).is_file()]
    return "\n".join([f"results of experiment '{experiment}':", *(f"  {path}" for path in shown)])


def missed_gates(validations: Iterable[str], models: str) -> list[str]:
    """The model states that missed their validation gate: they are kept, and marked.

    Args:
        validations: of the experiment's states; those that are not there do not count.
        models: the folder that they are named from.

    Returns:
        Lines; none if no state did.
    """
    made = [Path(path) for path in validations if Path(path).is_file()]
    missed = [path for path in made if gate_of(path) == MISSED]
    if not missed:
        return []
    title = f"\n{len(missed)} of {len(made)} model states missed their validation gate:"
    return [title, *(f"  {path.parent.relative_to(models)}" for path in missed)]
