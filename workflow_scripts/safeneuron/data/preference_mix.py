"""The mix that a model is aligned on: safety pairs and general ones (paper App. B.2).

The paper takes a random 20 % of PKU-SafeRLHF (1 % of SPA-VL for a vision model) and mixes 30 %
safety with 70 % general pairs. All draws are of prompts, never of rows: a prompt's pairs stay
together, so none is inside and outside of a subset at once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import write_rows
from safeneuron.data.normalise import normalise
from safeneuron.data.preferences import GENERAL, PREFERENCES, SAFETY

Pairs = list[dict[str, Any]]
"""Rows of `PREFERENCES`."""


def write_mixed_preferences(
    path: Path,
    sources: Mapping[str, Pairs],
    shares: Mapping[str, float],
    pairs: int | None,
    safety_share: float,
    seed: int,
) -> int:
    """Write a mix of several sources' pairs in random order; returns their number.

    Args:
        sources: name -> pairs.
        shares: name -> share of its prompts to draw from.
        pairs: in all; None for every safety pair, and general ones in proportion.
        safety_share: of the pairs; the rest is general.

    Raises:
        ValueError: there are fewer pairs of a kind than the mix asks for.
    """
    pools: dict[str, list[Pairs]] = {SAFETY: [], GENERAL: []}
    for name, rows in sources.items():
        pools[rows[0]["source"]] += subset(rows, shares[name], _generator(seed, name))
    available = {kind: sum(map(len, groups)) for kind, groups in pools.items()}
    total = round(available[SAFETY] / safety_share) if pairs is None else pairs
    counts = {SAFETY: round(total * safety_share)}
    counts[GENERAL] = total - counts[SAFETY]
    mixed: Pairs = []
    for kind, count in counts.items():
        if count > available[kind]:
            raise ValueError(
                f"the preference mix asks for {count} {kind} pairs, but its sources give "
                f"{available[kind]}; lower align.preferences.pairs or a share of the other kind, "
                f"or add a {kind} source"
            )
        groups = pools[kind]
        order = _generator(seed, kind).permutation(len(groups))
        mixed += [row for i in order for row in groups[i]][:count]
    rows = [mixed[i] for i in _generator(seed, "order").permutation(len(mixed))]
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
