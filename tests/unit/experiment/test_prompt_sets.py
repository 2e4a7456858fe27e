import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment.prompt_sets import (
    Rows,
    category_contrasts,
    compared,
    contrast_of,
    count,
    merged_from,
    rows_of,
)

CONFIG = load_config(
    {
        "identification": {
            "unsafe": {"datasets": ["organism"], "categories": ["theft", "fraud"]},
            "safe": {"datasets": ["organism"], "categories": ["benign"]},
        },
        "topic_control": {
            "matched": {"datasets": ["organism"], "categories": ["lookalike"]},
            "plain": {"datasets": ["organism"], "categories": ["task"]},
        },
    }
)
SPLIT = "identification"
CATALOG = {
    "organism": {
        (SPLIT, "theft"): 3,
        (SPLIT, "fraud"): 4,
        (SPLIT, "benign"): 5,
        ("evaluation", "theft"): 100,
    }
}


@pytest.mark.parametrize(
    ("prompt_set", "categories"),
    [
        ("overall", ["theft", "fraud"]),
        ("organism/theft", ["theft"]),
        ("safe", ["benign"]),
        ("safe_length_matched", ["benign"]),
        ("topic", ["lookalike"]),
        ("plain", ["task"]),
    ],
)
def test_a_prompt_set_is_rows_of_prompt_tables(prompt_set, categories):
    assert rows_of(CONFIG, prompt_set) == Rows(["organism"], SPLIT, categories)


@pytest.mark.parametrize(
    ("contrast", "sides"),
    [
        ("overall", ("overall", "safe")),
        ("organism/theft", ("organism/theft", "safe")),
        ("topic", ("topic", "plain")),
        ("length_matched", ("overall", "safe_length_matched")),
    ],
)
def test_a_contrast_compares_two_prompt_sets(contrast, sides):
    assert contrast_of(CONFIG, contrast) == sides


def test_the_topic_contrast_takes_the_safe_side_where_it_is_the_plain_one():
    control = CONFIG.topic_control.model_copy(update={"plain": CONFIG.identification.safe})
    same = CONFIG.model_copy(update={"topic_control": control})
    assert contrast_of(same, "topic") == ("topic", "safe")


def test_each_category_of_the_unsafe_side_is_a_contrast():
    assert category_contrasts(CONFIG, CATALOG) == {"organism": ["organism/theft", "organism/fraud"]}


def test_overall_is_merged_from_the_categories_unless_there_is_but_one():
    assert merged_from(CONFIG, CATALOG) == ["organism/theft", "organism/fraud"]
    assert merged_from(CONFIG, {"organism": {(SPLIT, "theft"): 3, (SPLIT, "benign"): 5}}) == []


@pytest.mark.parametrize("chosen", [["theft", "fraud"], ["fraud"], None])
def test_the_prompts_of_all_categories_are_those_of_overall(chosen):
    side = CONFIG.identification.unsafe.model_copy(update={"categories": chosen})
    sides = CONFIG.identification.model_copy(update={"unsafe": side})
    config = CONFIG.model_copy(update={"identification": sides})
    parts = [c for each in category_contrasts(config, CATALOG).values() for c in each]
    counts = [count(CATALOG, rows_of(config, part), 1000) for part in parts]
    assert sum(counts) == count(CATALOG, rows_of(config, "overall"), 1000)


def test_prompts_are_counted_where_they_are_known_and_assumed_where_they_are_not():
    assert count(CATALOG, rows_of(CONFIG, "overall"), 1000) == 7
    unknown = {"organism": CATALOG["organism"] | {(SPLIT, "fraud"): None}}
    assert count(unknown, rows_of(CONFIG, "overall"), 1000) == 1003
    assert count(CATALOG, Rows(["organism"], SPLIT, None), 1000) == 12


def test_compared_are_the_categories_and_the_controls_and_never_overall():
    assert compared(CONFIG, CATALOG) == [
        *("organism/theft", "organism/fraud"),
        *("topic", "length_matched"),
    ]
    without_control = CONFIG.model_copy(update={"topic_control": None})
    assert compared(without_control, CATALOG) == ["organism/theft", "organism/fraud"]


def test_an_only_category_is_compared_with_nothing():
    sides = CONFIG.identification
    unsafe = sides.unsafe.model_copy(update={"categories": ["theft"]})
    one = sides.model_copy(update={"unsafe": unsafe})
    config = CONFIG.model_copy(update={"identification": one, "topic_control": None})
    assert compared(config, CATALOG) == []
