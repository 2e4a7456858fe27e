"""What Figure 5 says in words: which nulls the overlap of categories exceeds in this run."""

import pandas as pd
import pyarrow as pa

from safeneuron.neurons.analyses import NULLS

NAMES = {
    "random": "random sets of the same sizes",
    "pseudo": "pseudo-categories of safe prompts alone",
    "shuffled": "shuffled categories",
}
ABOVE, BELOW, NEITHER = "more than", "less than", "not told apart from"
MEANINGS = {
    "pseudo": {
        ABOVE: "share more than contrasts within the safe prompts do",
        BELOW: "share less than contrasts within the safe prompts do",
        NEITHER: "may share no more than contrasts within the safe prompts do",
    },
    "shuffled": {
        BELOW: "differ more than chance groups of the same prompts",
        ABOVE: "are more alike than chance groups of the same prompts",
        NEITHER: "may differ no more than chance groups of the same prompts",
    },
}
"""Null -> how overlap stands to it -> what categories then do."""


def reading(table: pa.Table) -> str:
    """A sentence a selection, from the overlap of pairs of categories (intersection / union).

    A null is exceeded where the observed mean lies above 95 % of its draws, and the other way
    round; with several seeds it is where that holds for all of them.

    Args:
        table: rows of `OVERLAP` of one model and dataset.
    """
    frame = table.to_pandas()
    pairs = frame[(frame["measure"] == "intersection_over_union") & (frame["k"] == 2)]
    return " ".join(_of_selection(name, rows) for name, rows in pairs.groupby("selection"))


def _of_selection(selection: str, rows: pd.DataFrame) -> str:
    found = {null: _verdict(rows, null) for null in NULLS if (rows[f"{null}_draws"] > 0).all()}
    compared = [f"{verdict} {NAMES[null]} {_range(rows, null)}" for null, verdict in found.items()]
    seeds = f", mean of {len(rows)} seeds" if len(rows) > 1 else ""
    meanings = [MEANINGS[null][found[null]] for null in MEANINGS if null in found]
    return (
        f"By '{selection}' the sets of two categories overlap by {rows['mean'].mean():.2f} "
        f"(intersection / union, mean over pairs{seeds}): {', '.join(compared)}"
        f"{'; so categories ' if meanings else ''}{', and '.join(meanings)}."
    )


def _verdict(rows: pd.DataFrame, null: str) -> str:
    if (rows["mean"] > rows[f"{null}_high"]).all():
        return ABOVE
    return BELOW if (rows["mean"] < rows[f"{null}_low"]).all() else NEITHER


def _range(rows: pd.DataFrame, null: str) -> str:
    low, high = rows[f"{null}_low"].min(), rows[f"{null}_high"].max()
    return f"({rows[f'{null}_mean'].mean():.2f}, 95 % of draws {low:.2f} to {high:.2f})"
