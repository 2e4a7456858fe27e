"""The table of reference log-probabilities: one row a preference pair, in the mix's order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safeneuron.artifacts.tables import REAL, TEXT, read_table, schema

REFERENCE = schema(pair_id=TEXT, chosen=REAL, rejected=REAL)


def with_reference(pairs: Sequence[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """The pairs with their answers' log-probabilities under the reference.

    Args:
        pairs: the mix's first ones, in its order.

    Raises:
        ValueError: the table is of other pairs.
    """
    rows = read_table(path, REFERENCE).slice(0, len(pairs)).to_pylist()
    if [row["pair_id"] for row in rows] != [pair["pair_id"] for pair in pairs]:
        raise ValueError(f"{path} is not of these preference pairs; delete it and run again")
    return [
        {**pair, "reference_chosen": row["chosen"], "reference_rejected": row["rejected"]}
        for pair, row in zip(pairs, rows, strict=True)
    ]
