"""Draws that keep proportions: how many of each category, and which."""

import pytest

from safeneuron.data.stratified import allocation, stratified

CATEGORIES = ["a"] * 60 + ["b"] * 30 + ["c"] * 8 + ["d"] * 2


@pytest.mark.parametrize(
    ("sizes", "count", "given"),
    [
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 50, {"a": 30, "b": 15, "c": 4, "d": 1}),
        # the exact shares are 6, 3, 0.8 and 0.2: what one at least costs comes from the largest
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 10, {"a": 5, "b": 3, "c": 1, "d": 1}),
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 4, {"a": 1, "b": 1, "c": 1, "d": 1}),
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 2, {"a": 1, "b": 1, "c": 0, "d": 0}),
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 100, {"a": 60, "b": 30, "c": 8, "d": 2}),
        ({"a": 60, "b": 30, "c": 8, "d": 2}, 1000, {"a": 60, "b": 30, "c": 8, "d": 2}),
        # remainders of equal size go by name
        ({"a": 5, "b": 5, "c": 5}, 7, {"a": 3, "b": 2, "c": 2}),
        ({"a": 5, "b": 5, "c": 5}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"a": 1, "b": 99}, 99, {"a": 1, "b": 98}),
    ],
)
def test_so_many_of_each_category(sizes, count, given):
    assert allocation(sizes, count) == given
    assert allocation(dict(reversed(sizes.items())), count) == given


@pytest.mark.parametrize("count", range(1, 101))
def test_shares_are_exact_to_one_item_and_never_more_than_there_are(count):
    sizes = {"a": 60, "b": 30, "c": 8, "d": 2}
    given = allocation(sizes, count)
    assert sum(given.values()) == count
    assert all(given[c] <= sizes[c] for c in sizes)
    assert count < 4 or min(given.values()) >= 1
    assert count < 50 or all(abs(given[c] - count * sizes[c] / 100) < 1 for c in sizes)


def test_a_draw_is_in_order_and_repeats_itself():
    drawn = stratified(CATEGORIES, 20, seed=0)
    assert drawn == sorted(set(drawn)) == stratified(CATEGORIES, 20, seed=0)
    assert len(drawn) == 20
    assert drawn != stratified(CATEGORIES, 20, seed=1)
    assert drawn[:12] != list(range(12))


def test_which_items_of_a_category_are_drawn_does_not_depend_on_the_order_of_the_categories():
    """Reversed blocks, the rows of each in their order: the same rows of each category."""
    blocks = {c: CATEGORIES.count(c) for c in "abcd"}
    other = [c for c in "dcba" for _ in range(blocks[c])]

    def by_category(categories):
        drawn = stratified(categories, 20, seed=3)
        return {c: [i - categories.index(c) for i in drawn if categories[i] == c] for c in "abcd"}

    assert by_category(CATEGORIES) == by_category(other)


def test_a_category_that_is_renamed_draws_others_and_changes_no_other_category():
    renamed = ["z" if c == "a" else c for c in CATEGORIES]
    first, second = (set(stratified(categories, 20, 0)) for categories in (CATEGORIES, renamed))
    assert {i for i in first if i >= 60} == {i for i in second if i >= 60}
    assert {i for i in first if i < 60} != {i for i in second if i < 60}
