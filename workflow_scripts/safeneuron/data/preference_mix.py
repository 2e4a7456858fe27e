"""The mix that a model is aligned on: safety pairs and general ones (paper App. B.2).

The paper takes a random 20 % of PKU-SafeRLHF (1 % of SPA-VL for a vision model) and mixes 30 %
safety with 70 % general pairs. All draws are of prompts, never of rows: a prompt's pairs stay
together, so none is inside and outside of a subset at once.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import write_rows
from safeneuron.data.normalise import normalise
from safeneuron.data.pair_settings import SourcesMix
from safeneuron.data.preferences import GENERAL, PREFERENCES, SAFETY
from safeneuron.errors import SourceError

Pairs = list[dict[str, Any]]
"""Rows of `PREFERENCES`."""


def write_mixed_preferences(
    path: Path,
    tables: Sequence[Pairs],
    mix: SourcesMix,
) -> int:
    """Write a mix of several sources' pairs in random order; returns their number.

    Args:
        tables: the pairs of each source.
        mix: how many pairs, and the share of each source's prompts that is drawn from.

    Raises:
        SourceError: there are fewer pairs of a role than the mix asks for.
    """
    pools: dict[str, list[Pairs]] = {SAFETY: [], GENERAL: []}
    for rows in tables:
        name, role = rows[0]["source"], rows[0]["role"]
        pools[role] += subset(rows, mix.shares[name], _generator(mix.seed, name))
    available = {role: sum(map(len, groups)) for role, groups in pools.items()}
    total = round(available[SAFETY] / mix.safety_share) if mix.pairs is None else mix.pairs
    counts = {SAFETY: round(total * mix.safety_share)}
    counts[GENERAL] = total - counts[SAFETY]
    mixed: Pairs = []
    for role, count in counts.items():
        if count > available[role]:
            raise SourceError(
                f"the preference mix asks for {count} {role} pairs, but its sources give "
                f"{available[role]}; lower align.preferences.pairs or a share of the other role, "
                f"or add a {role} source"
            )
        groups = pools[role]
        order = _generator(mix.seed, role).permutation(len(groups))
        mixed += [row for i in order for row in groups[i]][:count]
    rows = [mixed[i] for i in _generator(mix.seed, "order").permutation(len(mixed))]
    write_rows(path, PREFERENCES, rows)
    return len(rows)


def subset(rows: Sequence[dict[str, Any]], share: float, rng: np.random.Generator) -> list[Pairs]:
    """All pairs of a random share of the prompts, a list a prompt.

    Prompts that differ in case and punctuation alone are one. At least one prompt is drawn.
    """
    by_prompt: dict[str, Pairs] = {}
    for row in rows:
        by_prompt.setdefault(normalise(row["prompt"]), []).append(row)
    prompts = list(by_prompt)
    count = max(1, round(share * len(prompts)))
    drawn = sorted(rng.choice(len(prompts), count, replace=False))
    return [by_prompt[prompts[i]] for i in drawn]


def _generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each name: another source changes no other's draw."""
    return np.random.default_rng([seed, *hashlib.sha256(name.encode()).digest()[:8]])
