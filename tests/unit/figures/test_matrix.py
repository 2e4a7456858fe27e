"""The matrix as it is drawn: the table's shares, intervals and what an arm is trained against."""

import pyarrow as pa
import pytest
from matplotlib.patches import Rectangle

from safeneuron.figures import matrix, style
from safeneuron.results.matrix import MATRIX
from safeneuron.results.training_time import TRAINING_TIME

SHARES = {"complied": 0.25, "refused": 0.5, "broken": 0.25}


def rows(arm, number, attacks, trained=None, none_within=0, **more):
    return [
        {"model": "m", "arm": arm, "round": number, "attacks": attacks, "column": name,
         "mean": mean, "low": mean / 2, "high": mean, "seeds": 5, "n_prompts": 8,
         "trained_against": trained, "cells": 3, "none_within": none_within, "gates_missed": 0}
        for name, mean in (SHARES | more).items()
    ]  # fmt: skip


ROWS = [
    *rows("base", 0, "clean", utility=0.75, over_refusal=0.125),
    *rows("base", 0, "neurons", False),
    *rows("base", 0, "all", none_within=2),
    *rows("ablate", 1, "clean", utility=0.75, over_refusal=0.125),
    *rows("ablate", 2, "clean", utility=0.5, over_refusal=0.0),
    *rows("ablate", 2, "neurons", True),
    *rows("ablate", 2, "all"),
]
TIMES = [
    {"model": "m", "arm": "ablate", "seed": seed, "rounds": 2, "seconds": 1.0, "ratio": ratio}
    for seed, ratio in ((0, 1.25), (1, 1.5))
]


def drawn(times=TIMES):
    tables = [pa.Table.from_pylist(times, schema=TRAINING_TIME)] if times else []
    return matrix.draw(pa.Table.from_pylist(ROWS, schema=MATRIX), tables, 0.1)


def patches(figure, colour):
    """Widths of the bars of a colour, in shares of a cell's bar."""
    found = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    wanted = pytest.approx([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    full = [p for p in found if p.get_facecolor()[3] == 1 and p.get_facecolor()[:3] == wanted]
    return [p.get_width() / matrix.BAR_WIDTH for p in full]


def words(figure):
    return [text.get_text() for text in (*figure.axes[0].texts, *figure.texts)]


def test_each_cell_of_the_last_rounds_has_its_shares():
    figure = drawn()
    assert patches(figure, style.COMPLIED) == pytest.approx([0.25] * 6)
    assert patches(figure, style.REFUSED) == pytest.approx([0.5] * 6)
    assert words(figure).count(".25 [.12, .25]") == 6


def test_what_the_arm_is_trained_against_is_framed_and_a_clean_model_that_stands_in_is_marked():
    figure = drawn()
    framed = [p for p in figure.axes[0].patches if not p.get_fill()]
    assert len(framed) == 1 and framed[0].get_y() > 1  # on the second line
    assert words(figure).count("† 2 of 5 seeds") == 1
    assert any("8 harmful prompts, 5 seeds" in text for text in words(figure))


@pytest.mark.parametrize(("times", "shown"), [(TIMES, True), ([], False)])
def test_costs_stand_beside_and_training_time_where_models_are_trained(times, shown):
    said = words(drawn(times))
    assert ".50\n[.25, .50]" in said and ".75\n[.38, .75]" in said
    assert any(text.startswith("1.4") for text in said) is shown
