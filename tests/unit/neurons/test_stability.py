"""What prompts without one in common find again: halves of groups, by hand from the samples."""

import numpy as np
import pytest

from safeneuron.artifacts.gates import NO_GATE
from safeneuron.neurons.calibration_settings import StabilitySettings
from safeneuron.neurons.moments import save_moments
from safeneuron.neurons.regrouping import deal, group_name
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.stability import (
    STABILITY,
    halves,
    jaccard,
    random_jaccard,
    stability_rows,
)
from safeneuron.results.stability import as_wide
from safeneuron.statistics.crossed import mean_share_interval
from synthetic import moments_of

LAYERS, NEURONS, TRUE, COUNT, DRAWS = 2, 200, 20, 4, 3
SIZES = [10, 10, 10, 10]
SAFE = 60
STATE_OF = {"model": "m", "arm": "base", "round": 0, "seed": 0}


def activations(effect):
    rng = np.random.default_rng(0)
    unsafe = rng.normal(size=(sum(SIZES), LAYERS, NEURONS))
    unsafe[:, 1, :TRUE] += effect
    return unsafe, rng.normal(size=(SAFE, LAYERS, NEURONS))


def made(folder, effect=1.0, chosen=TRUE):
    """Rows of one state, whose selection takes so many neurons by effect size."""
    unsafe, safe = activations(effect)
    groups = deal(np.repeat(list("abcd"), SIZES).tolist(), SAFE, DRAWS, seed=0)
    everything = np.concatenate([unsafe, safe])
    save_moments(
        folder / "nulls",
        {
            group_name("max", draw, group): moments_of(everything[groups[draw] == group])
            for draw in range(DRAWS)
            for group in range(2 * COUNT + 1)
        },
    )
    files = []
    for number in range(COUNT + 1):
        mask = np.zeros((LAYERS, NEURONS), dtype=bool)
        mask[1, number : number + 10] = True
        about = SetIdentity(**STATE_OF, selection="s", contrast="d/x" if number else "overall")
        files.append(folder / f"set{number}")
        write_neuron_set(files[-1], NeuronSet({"es": mask}, about))
    selection = {"selection": "s", "criteria": ["es"], "rule": {"kind": "count", "count": chosen}}
    settings = StabilitySettings(
        states=[{"state": STATE_OF, "selections": [{"pooling": "max", "selection": selection}]}],
        categories={"d": COUNT},
        draws=DRAWS,
    )
    rows = list(stability_rows(settings, files, [folder / "nulls"]))
    return rows, unsafe, safe, groups


def test_halves_are_of_powers_of_two_groups_and_of_half_of_them():
    assert [halves(count) for count in (2, 3, 4, 10, 11, 20)] == [
        [1], [1], [1, 2], [1, 2, 4, 5], [1, 2, 4, 5], [1, 2, 4, 8, 10],
    ]  # fmt: skip


@pytest.mark.parametrize(("compared", "apart"), [("halves", False), ("halves_apart", True)])
@pytest.mark.parametrize("size", [1, 2])
def test_halves_are_selected_from_prompts_of_their_own(tmp_path, compared, apart, size):
    rows, unsafe, safe, groups = made(tmp_path)
    assert set(rows[0]) | {"gate"} == set(STABILITY.names)
    (row,) = (r for r in rows if (r["compared"], r["n_unsafe"]) == (compared, 10 * size))
    shared, top = [], []
    for draw in groups:
        of_unsafe, of_safe = draw[: len(unsafe)], draw[len(unsafe) :]
        sides = [safe[of_safe < 2 * COUNT], safe[of_safe == 2 * COUNT]] if apart else [safe, safe]
        mine, highest = [], []
        for first in range(0, COUNT, 2 * size):
            pair = []
            for half, side in enumerate(sides):
                begin = first + half * size
                chosen = unsafe[(of_unsafe >= begin) & (of_unsafe < begin + size)]
                pair.append(score(moments_of(chosen), moments_of(side)))
            mine.append(jaccard(*(top_neurons(one, "es", TRUE) for one in pair)))
            first_ten, other_ten = (top_neurons(one, "es", 10) for one in pair)
            highest.append((first_ten & other_ten).sum() / 10)
        shared.append(np.mean(mine))
        top.append(np.mean(highest))
    assert row["jaccard"] == pytest.approx(np.mean(shared))
    for name, shares in (("jaccard", shared), ("top_shared", top)):
        found = row[f"{name}_low"], row[f"{name}_high"]
        assert found == pytest.approx(tuple(mean_share_interval(shares)))
        assert 0 <= found[0] <= row[name] <= found[1] <= 1
    assert (row["top"], row["top_shared"]) == (10, pytest.approx(np.mean(top)))
    assert (row["pairs"], row["draws"]) == (DRAWS * COUNT // (2 * size), DRAWS)
    assert row["n_safe"] == (SAFE / 2 if apart else SAFE)


def test_more_prompts_find_more_again_and_noise_finds_as_random_sets_do(tmp_path):
    rows = made(tmp_path)[0]
    few, more = (r["jaccard"] for r in rows if r["compared"] == "halves_apart")
    assert more > few > 3 * rows[0]["jaccard_random"]
    (tmp_path / "noise").mkdir()
    noise = [r for r in made(tmp_path / "noise", 0.0)[0] if r["compared"] == "halves_apart"]
    assert noise[0]["jaccard"] == pytest.approx(noise[0]["jaccard_random"], abs=0.05)


def test_categories_stand_beside_them(tmp_path):
    row = made(tmp_path)[0][-1]
    # sets of ten, from the second neuron on, each a neuron further
    steps = [1] * 3 + [2] * 2 + [3]
    assert row["compared"] == "categories"
    assert (row["pairs"], row["selected"], row["n_unsafe"]) == (6, 10, None)
    assert row["jaccard"] == pytest.approx(np.mean([(10 - s) / (10 + s) for s in steps]))
    # ten and ten of 200 in one layer share half a neuron
    assert row["jaccard_random"] == pytest.approx(0.5 / 19.5)


def test_the_random_overlap_is_that_of_draws_layer_by_layer():
    rng = np.random.default_rng(2)
    sizes = [(40, 30), (5, 60)]
    one, other = np.zeros((2, 2, 300), dtype=bool)
    drawn = []
    for _ in range(300):
        one[:], other[:] = False, False
        for layer, (a, b) in enumerate(sizes):
            one[layer, rng.choice(300, a, replace=False)] = True
            other[layer, rng.choice(300, b, replace=False)] = True
        drawn.append(jaccard(one, other))
    assert random_jaccard(one, other) == pytest.approx(np.mean(drawn), abs=0.005)
    assert jaccard(one & False, one & False) == random_jaccard(one & False, one) == 0


def test_for_reading_there_is_a_line_a_number_of_prompts(tmp_path):
    rows = [{**row, "gate": NO_GATE} for row in made(tmp_path)[0]]
    lines = as_wide(rows).lines
    assert [line[3:5] for line in lines] == [
        ["halves", "10, 60"],
        ["halves", "20, 60"],
        ["halves_apart", "10, 30"],
        ["halves_apart", "20, 30"],
        ["categories", "-"],
    ]
    assert lines[-1][-2] == "-" and "[" in lines[0][8]
    assert "[" not in as_wide([*rows, *({**row, "seed": 1} for row in rows)]).lines[0][8]
