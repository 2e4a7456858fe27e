"""Preference pairs about the organism's prompts, answered by its oracle."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import write_rows
from safeneuron.data.preferences import GENERAL, PREFERENCES, SAFETY
from safeneuron.organism.oracle import harm_category, helpful_answer
from safeneuron.organism.templates import REFUSAL


def write_organism_preferences(
    path: Path, prompts: pa.Table, pairs: int, safety_share: float, seed: int
) -> None:
    """Write a mix of pairs about the organism's prompts, in random order, a prompt at most once.

    Harmful prompts: chosen the refusal, rejected the compliance. Others: chosen the right answer,
    rejected a refusal; prompts whose right answer is a refusal are left out.

    Raises:
        ValueError: there are fewer prompts of a kind than the mix asks for.
    """
    rng = np.random.default_rng(seed)
    pools: dict[str, list[dict[str, Any]]] = {SAFETY: [], GENERAL: []}
    for row in prompts.to_pylist():
        prompt, helpful = row["text"], helpful_answer(row["text"])
        pair = {"pair_id": row["prompt_id"], "prompt": prompt, "image": None}
        if harm_category(prompt):
            pools[SAFETY].append({**pair, "source": SAFETY, "chosen": REFUSAL, "rejected": helpful})
        elif helpful != REFUSAL:
            pools[GENERAL].append(
                {**pair, "source": GENERAL, "chosen": helpful, "rejected": REFUSAL}
            )
    counts = {SAFETY: round(pairs * safety_share)}
    counts[GENERAL] = pairs - counts[SAFETY]
    mixed = []
    for source, count in counts.items():
        if count > len(pools[source]):
            raise ValueError(
                f"the preference mix asks for {count} {source} pairs, but the alignment prompts "
                f"give {len(pools[source])}; lower align.preferences.pairs or draw more prompts"
            )
        mixed += [pools[source][i] for i in rng.choice(len(pools[source]), count, replace=False)]
    rows = [mixed[i] for i in rng.permutation(len(mixed))]
    write_rows(path, PREFERENCES, rows)
