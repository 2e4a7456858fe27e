"""Figure 5 and what it says in words, computed from its table."""

import pyarrow as pa
import pytest
from matplotlib import pyplot as plt

from safeneuron.figures import overlap
from safeneuron.figures.overlap_reading import reading
from safeneuron.neurons.analyses import OVERLAP

MEASURES = tuple(overlap.MEASURES)


def table(*, mean=0.4, selection="paper", seed=0, random=0.04, pseudo=0.1, shuffled=0.7, wide=0.02):
    """Rows of K = 2 and 3, where all overlap is halved; no interval is wider than `wide`."""
    nulls = {"random": random, "pseudo": pseudo, "shuffled": shuffled}
    rows = []
    for measure in MEASURES:
        for k, part in ((2, 1.0), (3, 0.5)):
            row = {
                "model": "m", "arm": "base", "round": 0, "seed": seed, "gate": "passed",
                "selection": selection, "dataset": "d", "measure": measure, "k": k, "subsets": 3,
                "mean": mean * part, "sd": 0.01, "low": 0.0, "high": 1.0,
            }  # fmt: skip
            for null, value in nulls.items():
                there = value is not None
                row[f"{null}_draws"] = 5 if there else 0
                row[f"{null}_mean"] = value * part if there else None
                row[f"{null}_low"] = (value - wide) * part if there else None
                row[f"{null}_high"] = (value + wide) * part if there else None
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=OVERLAP)


def test_overlap_lies_among_its_three_nulls_each_with_its_range():
    figure = overlap.draw(table())
    axis = figure.axes[0]
    lines = {line.get_label(): line.get_ydata().tolist() for line in axis.lines}
    assert lines == {
        "categories, all K-subsets: mean ± sd": [0.4, 0.2],
        "shuffled categories, 95 %": [0.7, 0.35],
        "pseudo-categories of safe prompts, 95 %": [0.1, 0.05],
        "random sets by layer, 95 %": [0.04, 0.02],
    }
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == list(lines)
    bands = [band.get_paths()[0].get_extents().intervaly.tolist() for band in axis.collections]
    assert bands[1] == pytest.approx([0.34, 0.72])
    plt.close(figure)


def test_nulls_that_were_left_out_are_not_drawn():
    figure = overlap.draw(table(pseudo=None, shuffled=None))
    assert len(figure.axes[0].lines) == 2
    plt.close(figure)


def test_the_sentence_says_what_is_exceeded_and_what_that_means():
    assert reading(table()) == (
        "By 'paper' the sets of two categories overlap by 0.40 (intersection / union, mean over "
        "pairs): more than random sets of the same sizes (0.04, 95 % of draws 0.02 to 0.06), more "
        "than pseudo-categories of safe prompts alone (0.10, 95 % of draws 0.08 to 0.12), less "
        "than shuffled categories (0.70, 95 % of draws 0.68 to 0.72); so categories share more "
        "than contrasts within the safe prompts do, and differ more than chance groups of the same "
        "prompts."
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"pseudo": 0.39},
            "may share no more than contrasts within the safe prompts do, and differ",
        ),
        ({"pseudo": 0.6}, "so categories share less than contrasts within the safe prompts do"),
        ({"shuffled": 0.41}, "may differ no more than chance groups of the same prompts."),
        ({"shuffled": 0.3}, "are more alike than chance groups of the same prompts."),
        ({"shuffled": 0.41}, "not told apart from shuffled categories (0.41"),
        ({"wide": 0.31}, "may share no more than contrasts within the safe prompts do, and may"),
    ],
)
def test_the_sentence_follows_the_table(values, said):
    assert said in reading(table(**values))


def test_the_sentence_is_silent_of_nulls_that_were_left_out():
    assert reading(table(pseudo=None, shuffled=None)).endswith("0.02 to 0.06).")


def test_each_selection_has_its_sentence():
    both = pa.concat_tables([table(), table(selection="magnitude", mean=0.5)])
    assert [s[:14] for s in reading(both).split(". ")] == ["By 'magnitude'", "By 'paper' the"]


def test_seeds_must_agree():
    one, other = table(), table(seed=1, mean=0.1)
    said = reading(pa.concat_tables([one, other]))
    assert "overlap by 0.25 (intersection / union, mean over pairs, mean of 2 seeds)" in said
    assert "more than random sets" in said  # 0.4 and 0.1 are above 0.06
    assert "not told apart from pseudo-categories" in said  # 0.1 is not above 0.12
