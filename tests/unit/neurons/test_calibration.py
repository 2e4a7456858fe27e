"""Welch's test of all neurons: p values, false discoveries, and the table of sets."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from safeneuron.config.schema.identification import Selection
from safeneuron.neurons.calibration import discoveries, p_values
from safeneuron.neurons.calibration_settings import CalibrationSettings
from safeneuron.neurons.calibration_table import CALIBRATION, calibration_rows
from safeneuron.neurons.moments import save_moments
from safeneuron.neurons.regrouping import deal, group_name
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.settings import Calibrated
from safeneuron.results.calibration import as_wide
from synthetic import moments_of

UNSAFE, SAFE, LAYERS, NEURONS, TRUE = 40, 60, 2, 300, 30


@pytest.fixture(scope="module")
def samples():
    """Activations of both sides; the first neurons of the first layer differ."""
    rng = np.random.default_rng(0)
    unsafe = rng.normal(size=(UNSAFE, LAYERS, NEURONS))
    safe = rng.normal(0, 2, size=(SAFE, LAYERS, NEURONS))
    unsafe[:, 0, : TRUE // 2] += 3
    unsafe[:, 0, TRUE // 2 : TRUE] -= 3
    return unsafe, safe


@pytest.fixture(scope="module")
def scores(samples):
    return score(*map(moments_of, samples))


def by_hand(p, q):
    """Benjamini and Hochberg (1995): up to the last rank i whose p is at most q i / m."""
    order = np.argsort(p, axis=None)
    ranks = np.arange(1, p.size + 1)
    under = np.flatnonzero(p.ravel()[order] <= q * ranks / p.size)
    found = np.zeros(p.size, dtype=bool)
    if under.size:
        found[order[: under[-1] + 1]] = True
    return found.reshape(p.shape)


@pytest.mark.parametrize(("name", "side"), [("welch", "greater"), ("abs_welch", "two-sided")])
def test_p_values_are_scipys_and_discoveries_are_those_of_the_procedure(
    samples, scores, name, side
):
    p = p_values(scores, name)
    expected = stats.ttest_ind(*samples, axis=0, equal_var=False, alternative=side).pvalue
    np.testing.assert_allclose(p, expected, rtol=1e-9)
    for q in (0.01, 0.05, 0.5):
        np.testing.assert_array_equal(discoveries(p, q), by_hand(expected, q))


def test_the_rule_finds_what_differs_on_the_sides_that_its_criterion_knows(scores):
    chosen = select(scores, ["welch", "abs_welch"], Calibrated(q=0.05))
    assert chosen["welch"][0, : TRUE // 2].all()
    assert not chosen["welch"][0, TRUE // 2 : TRUE].any()
    assert chosen["abs_welch"][0, :TRUE].all()
    assert chosen["abs_welch"].sum() < 1.2 * TRUE


def test_neurons_without_a_score_are_not_tested(scores):
    p = p_values(scores, "abs_welch")
    some = p.copy()
    some[1] = np.nan
    found = discoveries(some, 0.05)
    np.testing.assert_array_equal(found[0], by_hand(p[0], 0.05))
    assert not found[1].any()
    assert not discoveries(np.full((2, 3), np.nan), 0.05).any()


def test_where_nothing_differs_there_is_a_discovery_in_a_share_q_of_contrasts():
    rng = np.random.default_rng(5)
    some = 0
    for _ in range(400):
        sides = (moments_of(rng.normal(size=(n, 1, 100))) for n in (12, 30))
        some += discoveries(p_values(score(*sides), "abs_welch"), 0.2).any()
    assert some / 400 == pytest.approx(0.2, abs=0.06)


def test_the_criteria_of_a_calibrated_rule_have_a_p():
    rule = {"kind": "calibrated", "q": 0.1}
    assert Selection(pooling="max", rule=rule).criteria == ["welch"]
    with pytest.raises(ValidationError, match=r"tests welch .* found \['es'\]"):
        Selection(pooling="max", criteria=["es"], rule=rule)


STATE_OF = {"model": "m", "arm": "base", "round": 0, "seed": 0}
CATEGORIES = ["a"] * 15 + ["b"] * 25


@pytest.fixture
def rows(tmp_path, samples):
    """Rows of one state, a selection of 40 neurons, `overall` and two categories."""
    unsafe, safe = samples
    groups = deal(CATEGORIES, SAFE, draws=3, seed=0)
    everything = np.concatenate([unsafe, safe])
    files = {"overall": unsafe, "d/a": unsafe[:15], "d/b": unsafe[15:], "safe": safe}
    for name, values in files.items():
        path = tmp_path / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        save_moments(path, {"max": moments_of(values)})
    save_moments(
        tmp_path / "nulls",
        {
            group_name("max", draw, group): moments_of(everything[groups[draw] == group])
            for draw in range(3)
            for group in range(5)
        },
    )
    mask = np.zeros((LAYERS, NEURONS), dtype=bool)
    mask[0, 5:45] = True
    contrasts = ["overall", "d/a", "d/b"]
    for number, contrast in enumerate(contrasts):
        about = SetIdentity(**STATE_OF, selection="paper", contrast=contrast)
        write_neuron_set(tmp_path / f"set{number}", NeuronSet({"es": mask}, about))
    selection = {
        "selection": "paper",
        "criteria": ["es"],
        "rule": {"kind": "thresholds", "es": 0.4},
    }
    settings = CalibrationSettings(
        states=[{"state": STATE_OF, "selections": [{"pooling": "max", "selection": selection}]}],
        categories={"d": 2},
        contrasts=contrasts,
        draws=3,
        q=0.05,
    )
    sets = [tmp_path / f"set{number}" for number in range(3)]
    unsafe_files = [tmp_path / f"{name}.safetensors" for name in contrasts]
    safe_files, nulls = [tmp_path / "safe.safetensors"], [tmp_path / "nulls"]
    made = list(calibration_rows(settings, sets, unsafe_files, safe_files, nulls))
    return made, groups


def test_the_table_has_each_sets_share_that_survives(rows, samples):
    made, _ = rows
    unsafe, safe = samples
    assert [row.keys() | {"gate"} for row in made] == [set(CALIBRATION.names)] * 3
    for row, part in zip(made, (unsafe, unsafe[:15], unsafe[15:]), strict=True):
        p = stats.ttest_ind(part, safe, axis=0, equal_var=False, alternative="greater").pvalue
        found = by_hand(p, 0.05)
        assert row.items() >= (STATE_OF | {"target": "es", "selection": "paper"}).items()
        assert (row["n_unsafe"], row["n_safe"], row["selected"]) == (len(part), SAFE, 40)
        assert row["discovered"] == found.sum() > 0
        assert row["survived"] == found[0, 5:45].sum()
        both = by_hand(stats.ttest_ind(part, safe, axis=0, equal_var=False).pvalue, 0.05)
        assert row["discovered_two_sided"] == both.sum()
        assert row["survived_two_sided"] == both[0, 5:45].sum()


def test_the_null_is_of_safe_prompts_alone_in_the_proportions_of_the_contrast(rows, samples):
    made, groups = rows
    _, safe = samples
    overall, category, _ = made
    assert (overall["null_contrasts"], category["null_contrasts"]) == (3, 6)
    selected, found = [], []
    for draw in groups[:, UNSAFE:]:
        one, other = safe[draw < 4], safe[draw == 4]
        assert len(one) / len(other) == pytest.approx(UNSAFE / SAFE, abs=0.05)
        selected.append((score(moments_of(one), moments_of(other))["es"] > 0.4).sum())
        p = stats.ttest_ind(one, other, axis=0, equal_var=False).pvalue
        found.append(by_hand(p, 0.05).sum())
    assert overall["null_selected"] == np.mean(selected) > 0
    assert overall["null_survived"] <= overall["null_discovered"]
    assert overall["null_discovered_two_sided"] == np.mean(found)
    assert overall["null_any"] == np.mean(np.array(found) > 0)
    assert overall["null_n_unsafe"] + overall["null_n_safe"] == SAFE


def test_for_reading_categories_stand_in_one_line(rows):
    wide = as_wide(rows[0])
    assert [line[:7] for line in wide.lines] == [
        ["m", "paper", "es", "overall", "1", "40, 60", "600"],
        ["m", "paper", "es", "d categories", "1", "20, 60", "600"],
    ]
    assert wide.lines[1][-1].endswith(" of 6")
