"""Prompt sets and contrasts: what is captured together, and what is compared with what."""

from typing import NamedTuple

from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.experiment import stages
from safeneuron.experiment.catalog import Catalog, categories_of

OVERALL, SAFE = "overall", "safe"
TOPIC, PLAIN = "topic", "plain"
LENGTH_MATCHED, SAFE_LENGTH_MATCHED = "length_matched", "safe_length_matched"

PATTERN = "|".join(
    (OVERALL, SAFE, PLAIN, TOPIC, SAFE_LENGTH_MATCHED, LENGTH_MATCHED, "[^/]+/[^/]+")
)
"""Prompt sets and contrasts as a wildcard: whole sides by name, categories as DATASET/CATEGORY."""


class Rows(NamedTuple):
    """Which rows of which data sets' prompt tables a prompt set is; all categories if None."""

    datasets: list[str]
    split: str
    categories: list[str] | None


def side_of(config: Config, prompt_set: str) -> Side:
    """The side of a contrast that a prompt set is, or that its category belongs to."""
    identification, control = config.identification, stages.topic_control(config)
    if prompt_set in (SAFE, SAFE_LENGTH_MATCHED):
        return identification.safe
    if control is not None and prompt_set in (TOPIC, PLAIN):
        return control.matched if prompt_set == TOPIC else control.plain
    return identification.unsafe


def rows_of(config: Config, prompt_set: str) -> Rows:
    """Which prompts a prompt set has."""
    side = side_of(config, prompt_set)
    if "/" in prompt_set:
        dataset, category = prompt_set.split("/")
        return Rows([dataset], side.split, [category])
    return Rows(list(side.datasets), side.split, side.categories)


def contrast_of(config: Config, contrast: str) -> tuple[str, str]:
    """The two prompt sets that a contrast compares.

    A category, or `overall`, is compared with the safe side; the controls are not. `topic` compares
    benign prompts on unsafe topics with plain ones: topic without safety. `length_matched` compares
    the unsafe side with safe prompts that are as long: safety and topic without length.
    """
    if contrast == TOPIC:
        control = stages.topic_control(config)
        is_safe = control is not None and control.plain == config.identification.safe
        return TOPIC, SAFE if is_safe else PLAIN
    if contrast == LENGTH_MATCHED:
        return OVERALL, SAFE_LENGTH_MATCHED
    return contrast, SAFE


def category_contrasts(config: Config, catalog: Catalog) -> dict[str, list[str]]:
    """Unsafe data set -> its categories' contrasts, `DATASET/CATEGORY`."""
    side = config.identification.unsafe
    return {
        dataset: [f"{dataset}/{category}" for category in categories_of(side, dataset, catalog)]
        for dataset in side.datasets
    }


def compared(config: Config, catalog: Catalog) -> list[str]:
    """The contrasts of T0 that are only compared: categories, and the controls.

    No round protects their neurons and no attack is on them, unlike those of `overall`. A data
    set's only category is compared with nothing.
    """
    taxonomies = category_contrasts(config, catalog).values()
    categories = [c for each in taxonomies if len(each) > 1 for c in each]
    return categories + ([TOPIC, LENGTH_MATCHED] if stages.topic_control(config) else [])


def merged_from(config: Config, catalog: Catalog) -> list[str]:
    """The prompt sets that T0's `overall` is merged from: the categories of the unsafe side.

    Every prompt has one category, so they partition it, and on T0 they are captured for their own
    contrasts. None if there is but one, which no other is compared with: it is captured as
    `overall` alone, as aligned states are, whose categories nothing asks for.
    """
    categories = [c for each in category_contrasts(config, catalog).values() for c in each]
    return categories if len(categories) > 1 else []


def count(catalog: Catalog, rows: Rows, unknown: int) -> int:
    """How many prompts there are.

    Args:
        unknown: how many a category on the hub counts for before it is downloaded.
    """
    return sum(
        unknown if number is None else number
        for dataset in rows.datasets
        for (split, category), number in catalog[dataset].items()
        if split == rows.split and (rows.categories is None or category in rows.categories)
    )
