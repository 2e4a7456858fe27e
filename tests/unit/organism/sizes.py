"""Sizes of the organism's splits."""

from safeneuron.organism.language import SplitSize


def split_size(per_category: int, benign: int, lookalike: int, task: int) -> SplitSize:
    """How many prompts a split has."""
    return SplitSize(per_category=per_category, benign=benign, lookalike=lookalike, task=task)
