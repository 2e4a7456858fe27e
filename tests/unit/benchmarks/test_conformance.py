"""The page of families has every family that the library knows, with what was measured of it."""

import re
from pathlib import Path

import families
import mixtures
from safeneuron.models.ffn import FAMILIES
from safeneuron.models.mixtures import MIXTURES
from safeneuron.models.refused import REFUSED

PAGE = (Path(__file__).parents[3] / "docs/families.md").read_text(encoding="utf-8")


def rows(name):
    """The cells of a table's rows, without its header."""
    marked = PAGE.partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    lines = [line for line in marked.splitlines() if line.startswith("| `")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_each_family_that_the_tests_know_has_a_row():
    assert [row[0] for row in rows("families")] == [*families.FAMILIES]


def test_each_name_of_projections_that_the_library_knows_is_of_some_family():
    written = {row[3] for row in rows("families")}
    assert written == {f"{', '.join(family.inward)}: {family.down}" for family in FAMILIES}


def test_each_mixture_that_the_library_knows_has_a_row():
    types = [row[0] for row in rows("mixtures")]
    assert set(types) == MIXTURES.keys()
    assert types == [kind.removesuffix("_beside_dense") for kind in mixtures.ALL]
    neurons = [tuple(map(int, row[2].split(", "))) for row in rows("mixtures")]
    assert neurons == [kind.neurons for kind in mixtures.ALL.values()]


def test_each_row_has_kept_what_is_promised():
    for row in rows("families") + rows("mixtures"):
        differences, moved, attacked = row[4:6] + row[8:], row[6], row[7]
        assert all(float(difference) < 1e-4 for difference in differences), row
        assert re.fullmatch("0 of [1-9][0-9]*", moved), row
        assert attacked == "yes", row


def test_what_is_refused_is_what_the_library_refuses():
    assert rows("refused") == [[kind, found] for kind, found in REFUSED.items()]
