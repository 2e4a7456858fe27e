"""Preference pairs about the organism's prompts, answered by its oracle."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import write_rows
from safeneuron.data.pair_settings import Mix
from safeneuron.data.preferences import GENERAL, PREFERENCES, SAFETY
from safeneuron.errors import SourceError
from safeneuron.organism.oracle import harm_category, helpful_answer
from safeneuron.organism.templates import REFUSAL

ORGANISM = "organism"
"""The source that these pairs come from."""


def write_organism_preferences(path: Path, prompts: pa.Table, mix: Mix) -> None:
    """Write a mix of pairs about the organism's prompts, in random order, a prompt at most once.

    Harmful prompts: chosen the refusal, rejected the compliance. Others: chosen the right answer,
    rejected a refusal; prompts whose right answer is a refusal are left out.

    Raises:
        SourceError: there are fewer prompts of a role than the mix asks for.
        ValueError: the mix has no number of pairs.
    """
    if mix.pairs is None:
        raise ValueError("a mix of the organism's pairs has a number of pairs")
    rng = np.random.default_rng(mix.seed)
    pools: dict[str, list[dict[str, Any]]] = {SAFETY: [], GENERAL: []}
    for row in prompts.to_pylist():
        prompt, helpful = row["text"], helpful_answer(row["text"])
        pair = {"pair_id": row["prompt_id"], "source": ORGANISM, "prompt": prompt, "image": None}
        if harm_category(prompt):
            pools[SAFETY].append({**pair, "role": SAFETY, "chosen": REFUSAL, "rejected": helpful})
        elif helpful != REFUSAL:
            pools[GENERAL].append({**pair, "role": GENERAL, "chosen": helpful, "rejected": REFUSAL})
    counts = {SAFETY: round(mix.pairs * mix.safety_share)}
    counts[GENERAL] = mix.pairs - counts[SAFETY]
    mixed = []
    for role, count in counts.items():
        if count > len(pools[role]):
            raise SourceError(
                f"the preference mix asks for {count} {role} pairs, but the alignment prompts "
                f"give {len(pools[role])}; lower align.preferences.pairs or draw more prompts "
                "(organism.language.alignment)"
            )
        mixed += [pools[role][i] for i in rng.choice(len(pools[role]), count, replace=False)]
    rows = [mixed[i] for i in rng.permutation(len(mixed))]
    write_rows(path, PREFERENCES, rows)
