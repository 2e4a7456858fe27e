"""What the paper's figures draw, read back from their axes."""

import numpy as np
import pyarrow as pa
import pytest
from matplotlib import pyplot as plt

from safeneuron.figures import composition, data_fraction, depth_profile, rounds, style
from safeneuron.figures.settings import ArmOfData
from safeneuron.neurons.analyses import (
    COMPOSITION,
    DEPTH_PROFILE,
    composition_rows,
    depth_profile_rows,
)
from safeneuron.results.paper_tables import TABLE_1
from safeneuron.results.worst_case import WORST_CASE

T0 = {"model": "m", "arm": "base", "round": 0, "seed": 0, "gate": "no gate"}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def of(rows, schema):
    return pa.Table.from_pylist(rows, schema=schema)


def heights(axis):
    return np.array([[bar.get_height() for bar in part] for part in axis.containers])


def test_figure_3_is_of_all_neurons_above_and_of_the_safety_neurons_below():
    sets = np.zeros((3, 2, 10), dtype=bool)
    sets[:, 1, 0] = sets[:2, 1, 1] = sets[0, 1, 2:4] = True  # core 1, shared 1, specific 2
    context = T0 | {"selection": "paper", "dataset": "topics"}
    figure = composition.draw(of(composition_rows(sets, context), COMPOSITION))
    above, below = figure.axes
    assert heights(above).tolist() == [[0, 0.1], [0, 0.1], [0, 0.2]]
    assert heights(below).tolist() == [[0, 0.25], [0, 0.25], [0, 0.5]]  # none in the first layer
    assert above.get_title(loc="left") == "paper: 4 neurons in the union"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "core: in every category's set", "shared: in several", "task-specific: in one",
    ]  # fmt: skip


def test_figure_4_spreads_every_models_layers_over_the_same_depth():
    depths = {"a-28": 28, "b-36": 36, "c-28": 28, "d-48": 48, "e-64": 64}
    rows = []
    for model, layers in depths.items():
        mask = np.arange(100) < np.arange(layers)[:, None]  # layer l has l per cent
        rows += depth_profile_rows(mask, T0 | {"model": model, "selection": "paper"})
    figure = depth_profile.draw(of(rows, DEPTH_PROFILE))
    axis = figure.axes[0]
    for number, (mesh, layers) in enumerate(zip(axis.collections, depths.values(), strict=True)):
        corners = np.asarray(mesh.get_coordinates())
        assert corners[0, :, 0] == pytest.approx(np.linspace(0, 1, layers + 1))
        assert corners[:, 0, 1].tolist() == [number - 0.44, number + 0.44]
        assert np.asarray(mesh.get_array()).ravel() == pytest.approx(np.arange(layers) / 100)
        assert mesh.get_clim() == (0, 0.63)  # one scale for all models
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == [f"{model}, {layers} layers" for model, layers in depths.items()]


def summary(arm, column, mean, **where):
    number = 0 if arm == "base" else 1
    return {
        "model": "m", "arm": arm, "round": number, "column": column, "mean": mean, "low": None,
        "high": None, "seeds": 1, "gates_missed": 0, **where,
    }  # fmt: skip


def test_figure_6_has_the_papers_levels_against_the_fraction_of_data():
    levels = [
        summary(arm, column, mean + shift, attack=attack)
        for arm, mean in (("base", 0.8), ("dpo-25", 0.6), ("dpo", 0.4))
        for column, shift in (("ori", -0.4), ("full", 0.1), ("utility", 0.2))
        for attack in (("paper", "base-only") if arm == "base" else ("paper",))
    ]
    strongest = [
        summary(arm, "complied", 0.5, fraction=fraction)
        for arm in ("base", "dpo-25", "dpo")
        for fraction in (0.05, 0.1)
    ]
    arms = {"dpo-25": ArmOfData(method="dpo", data_fraction=0.25)}
    arms["dpo"] = ArmOfData(method="dpo", data_fraction=1.0)
    table = data_fraction.points(of(levels, TABLE_1), of(strongest, WORST_CASE), arms)
    figure = data_fraction.draw(table)
    rows = figure.axes[::4]
    assert [axis.get_ylabel() for axis in rows] == [
        "paper sets:\ncomplied",
        "strongest attack:\n5% of neurons",
        "strongest attack:\n10% of neurons",
    ]
    assert [axis.get_title(loc="left") for axis in figure.axes[:4]] == ["ORI", "", "", "FULL"]
    assert [axis.axison for axis in figure.axes[:4]] == [True, False, False, True]
    line = figure.axes[3].lines[0]
    assert line.get_xdata().tolist() == [0, 0.25, 1]
    assert line.get_ydata().tolist() == pytest.approx([0.9, 0.7, 0.5])


@pytest.mark.parametrize(
    ("seeds", "title"),
    [(5, "over 5 seeds and their prompts"), (1, ", one seed, 95 % interval over prompts")],
)
def test_rounds_draw_the_tables_intervals_of_one_seed_too(seeds, title):
    rows = [
        summary(arm, column, 0.5, fraction=0.1) | {"low": 0.25, "high": 0.875, "seeds": seeds}
        for arm in ("base", "dpo")
        for column in rounds.PANELS
    ]
    rows[-1] |= {"low": None, "high": None}  # nothing is known of it
    figure = rounds.draw(of(rows, WORST_CASE))
    bars = [
        [segment[:, 1].tolist() for segment in container[2][0].get_segments()]
        for axis in figure.axes
        for container in axis.containers
        if container.has_yerr
    ]
    assert bars == [[[0.25, 0.875]]] * (2 * len(rounds.PANELS) - 1)
    assert figure.get_suptitle().endswith(title)


def test_rounds_have_a_row_an_arm_with_the_first_arms_lines_behind():
    at = {("dpo", 0.1): 0.5, ("dpo", 0.2): 0.7, ("freeze", 0.1): 0.3, ("freeze", 0.2): 0.4}
    rows = [
        summary(arm, "complied", mean, fraction=fraction) | {"low": None, "high": None}
        for (arm, fraction), mean in at.items()
    ]
    rows += [summary("base", "complied", 0.9, fraction=fraction) for fraction in (0.1, 0.2)]
    figure = rounds.draw(of(rows, WORST_CASE))
    assert [axis.get_ylabel() for axis in figure.axes] == ["dpo", "freeze"]
    behind, mine = ([0.9, 0.5], [0.9, 0.7]), ([0.9, 0.3], [0.9, 0.4])
    lines = [
        [line.get_ydata().tolist() for line in axis.lines if len(line.get_ydata()) > 1]
        for axis in figure.axes
    ]
    assert lines == [[*behind], [behind[0], mine[0], behind[1], mine[1]]]
    light, dark = (
        line.get_color()
        for line in figure.axes[1].lines
        if len(line.get_ydata()) > 1 and line.get_color() != style.NULL
    )
    assert (light, dark) == (style.shaded(style.ARM_COLOURS[1], 0.35), style.ARM_COLOURS[1])


def test_rounds_have_no_column_of_what_the_judge_does_not_know():
    known = [column for column in rounds.PANELS if "utility" not in column]
    rows = [summary(arm, c, 0.5, fraction=0.1) for arm in ("base", "dpo") for c in known]
    figure = rounds.draw(of(rows, WORST_CASE))
    assert [axis.get_title("left") for axis in figure.axes] == [rounds.PANELS[c] for c in known]
    assert len(known) == len(rounds.PANELS) - 2


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.0175, "1.75%"), (0.02, "2%"), (0.6, "60%"), (1, "100%")]
)
def test_a_percent_has_no_more_digits_than_it_needs(share, text):
    assert style.as_percent(share) == text


@pytest.mark.parametrize(
    ("layers", "ticks"), [(4, [1, 2, 3, 4]), (28, [1, 4, 8, 12, 16, 20, 24, 28])]
)
def test_layers_are_counted_from_one(layers, ticks):
    axis = plt.figure().subplots()
    style.label_layers(axis, layers)
    assert axis.get_xticks().tolist() == ticks


@pytest.mark.parametrize(("width", "columns"), [(4.6, 2), (7, 4), (1, 1)])
def test_a_legend_is_no_wider_than_its_figure(width, columns):
    figure, axis = plt.subplots(figsize=(width, 2))
    for label in "abcd":
        axis.plot([0], [0], label=label)
    style.legend_below(figure, axis)
    assert figure.legends[0]._ncols == columns
