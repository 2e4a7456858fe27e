"""What prompts a run has, as far as it is known before any job: counts by split and category."""

from collections.abc import Mapping

from safeneuron.config.schema.identification import Side

Catalog = Mapping[str, Mapping[tuple[str, str], int | None]]
"""Dataset -> (split, category) -> number of prompts; None before a download."""


def categories_of(side: Side, dataset: str, catalog: Catalog) -> list[str]:
    """The categories that a side of the contrast takes from one of its datasets, in table order."""
    present = [category for split, category in catalog[dataset] if split == side.split]
    return [c for c in present if side.categories is None or c in side.categories]
