"""Maps of experts: what lies where."""

import numpy as np
import pyarrow as pa

from safeneuron.figures import experts, style
from safeneuron.neurons.experts import EXPERTS

LAYERS, COUNT = 3, 5


def table(seeds=(0,), scored=lambda layer, expert: True):
    """Fraction is layer / 10 + expert / 100, routing shift the other way round."""
    rows = [
        {
            **{"model": "moe", "arm": "base", "round": 0, "seed": seed, "gate": "none"},
            **{"selection": selection, "layer": layer, "expert": expert},
            **{"unsafe_prompts": 30, "safe_prompts": 30, "scored": scored(layer, expert)},
            **{"unsafe_share": 0.5, "safe_share": 0.5, "routing_z": 0.0},
            "routing_shift": expert / 10 - layer / 100,
            **{"neurons": 100, "selected": 1},
            "fraction": layer / 10 + expert / 100 + seed,
        }
        for selection in ("paper", "magnitude")
        for seed in seeds
        for layer in range(LAYERS)
        for expert in range(COUNT)
    ]
    return pa.Table.from_pylist(rows, EXPERTS)


def maps(figure):
    """The values of each panel with a map, [layers, experts]."""
    meshes = [axis.collections[0] for axis in figure.axes if axis.get_xlabel() == "expert"]
    return [mesh.get_array().reshape(LAYERS, COUNT) for mesh in meshes]


def test_a_panel_a_selection_and_one_of_routing():
    figure = experts.draw(table())
    titles = [axis.get_title("left") for axis in figure.axes if axis.get_xlabel() == "expert"]
    assert titles == ["paper: safety neurons", "magnitude: safety neurons", "routing"]
    layer, expert = np.mgrid[:LAYERS, :COUNT]
    first, second, routing = maps(figure)
    np.testing.assert_allclose(first, layer / 10 + expert / 100)
    np.testing.assert_allclose(second, first)
    np.testing.assert_allclose(routing, expert / 10 - layer / 100)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["1", "2", "3"]


def test_the_mean_over_seeds():
    figure = experts.draw(table(seeds=(0, 1)))
    np.testing.assert_allclose(maps(figure)[0][0], np.arange(COUNT) / 100 + 0.5)
    assert "mean of 2 seeds" in figure.get_suptitle()


def test_an_expert_without_scores_is_left_out_of_the_selections_and_not_of_routing():
    figure = experts.draw(table(scored=lambda layer, expert: (layer, expert) != (1, 2)))
    first, _, routing = maps(figure)
    assert np.argwhere(np.ma.getmaskarray(first)).tolist() == [[1, 2]]
    assert not np.ma.is_masked(routing)
    assert "grey: too few prompts" in figure.get_suptitle()
    assert "grey" not in experts.draw(table()).get_suptitle()


def test_an_expert_that_a_layer_does_not_have_is_grey_in_all_maps():
    whole = table().to_pylist()
    some = [row for row in whole if row["layer"] or row["expert"] < 2]
    figure = experts.draw(pa.Table.from_pylist(some, EXPERTS))
    for values in maps(figure):
        absent = np.isnan(np.ma.filled(values.astype(float), np.nan))
        assert np.argwhere(absent).tolist() == [[0, 2], [0, 3], [0, 4]]
    assert figure.get_suptitle().endswith("; grey: the layer does not have it")


def test_colours_of_routing_are_even_about_zero():
    figure = experts.draw(table())
    panels = [axis for axis in figure.axes if axis.get_xlabel() == "expert"]
    low, high = panels[-1].collections[0].get_clim()
    assert -low == high > 0


def test_a_map_of_a_large_mixture_is_saved(tmp_path):
    figure = experts.draw(table())
    style.save(figure, tmp_path / "map.png", tmp_path / "map.pdf")
    assert (tmp_path / "map.png").stat().st_size > 1000
