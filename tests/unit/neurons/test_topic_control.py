"""Overlap of a safety set with a control's set, and what chance gives."""

import numpy as np
import pytest

from safeneuron.config.load import load_config
from safeneuron.data.length_matching import length_matched
from safeneuron.experiment import prompt_sets
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select
from safeneuron.neurons.sets import NeuronSet, SetIdentity
from safeneuron.neurons.topic_control import (
    TOPIC_CONTROL,
    control_row,
    control_rows,
    expected_share,
    measures,
)
from synthetic import moments_of

CONTEXT = {
    "model": "m", "arm": "base", "round": 0, "seed": 0, "selection": "paper",
}  # fmt: skip

SAFETY, TOPIC, LENGTH = 0, 1, 2  # neurons that follow one thing each; the others are noise
CATEGORIES = {"theft": 200, "lookalike": 200, "benign": 200}


def mask(*layers, neurons=10):
    grid = np.zeros((len(layers), neurons), dtype=bool)
    for layer, chosen in enumerate(layers):
        grid[layer, list(chosen)] = True
    return grid


def test_jaccard_and_the_share_found_again():
    safety, control = mask({0, 1, 2, 3}, {5}), mask({2, 3, 4}, {5, 6})
    assert measures(safety, control) == (3 / 7, 3 / 5)
    assert measures(control, safety) == (3 / 7, 3 / 5)
    assert measures(mask({0, 1}), mask({1})) == (0.5, 0.5)
    assert measures(mask({1}), mask({0, 1})) == (0.5, 1.0)


def test_chance_is_counted_layer_by_layer():
    # 4 of 10 and 3 of 10 in the first layer, 1 and 2 in the second: (1.2 + 0.2) / 5
    assert expected_share(mask({0, 1, 2, 3}, {5}), mask({2, 3, 4}, {5, 6})) == pytest.approx(0.28)
    assert expected_share(mask({0}, ()), mask((), {0})) == 0.0


def test_a_row_holds_the_measures_beside_their_null():
    rng = np.random.default_rng(0)
    safety, control = rng.random((2, 3, 200)) < 0.2
    row = control_row(safety, control, CONTEXT, "topic", 400, 0)
    jaccard, found_again = measures(safety, control)
    assert row.items() >= CONTEXT.items()
    assert (row["jaccard"], row["found_again"]) == (jaccard, found_again)
    assert row["shared"] == (safety & control).sum()
    assert (row["n_safety"], row["n_control"]) == (safety.sum(), control.sum())
    # independent sets lie within their null, and its mean is near the exact expectation
    assert row["found_again"] < row["found_again_null_high"] < 0.32
    assert row["found_again_null"] == pytest.approx(control.mean(), abs=0.01)
    assert row["jaccard_null"] == pytest.approx(0.2 * 0.2 / 0.36, abs=0.02)


def test_equal_sets_are_far_above_chance():
    safety = np.random.default_rng(0).random((2, 300)) < 0.1
    row = control_row(safety, safety, CONTEXT, "topic", 50, 0)
    assert (row["jaccard"], row["found_again"]) == (1.0, 1.0)
    assert row["jaccard_null_high"] < 0.2


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="empty"):
        control_row(mask({0}), mask(()), CONTEXT, "topic", 10, 0)


def activations(rng, category, lengths):
    """[prompts, 20 neurons] of one category, the first three following one thing each."""
    values = rng.normal(size=(len(lengths), 20))
    values[:, SAFETY] += 4 * (category == "theft")
    values[:, TOPIC] += 4 * (category != "benign")
    values[:, LENGTH] += 0.4 * lengths
    return values


@pytest.fixture(scope="module")
def rows_by_control():
    """Rows of a control of a set that holds a safety, a topic and a length neuron.

    The contrasts are the configuration's, the lengths are matched as the workflow does. Unsafe
    prompts are longer; on each side some are as long as the other side's.
    """
    rng = np.random.default_rng(0)
    lengths = {
        name: rng.integers(*((25, 41) if name == "theft" else (20, 36)), size=size)
        for name, size in CATEGORIES.items()
    }
    seen = {name: activations(rng, name, lengths[name]) for name in CATEGORIES}
    config = load_config(
        {"identification": {"unsafe": {"datasets": ["organism"], "categories": ["theft"]}}}
    )

    def prompts(prompt_set):
        if prompt_set == "safe_length_matched":
            safe, unsafe = (
                np.concatenate([lengths[c] for c in prompt_sets.rows_of(config, side).categories])
                for side in ("safe", "overall")
            )
            return prompts("safe")[length_matched(safe, unsafe, seed=0)]
        return np.concatenate([seen[c] for c in prompt_sets.rows_of(config, prompt_set).categories])

    def moments(prompt_set):
        return moments_of(prompts(prompt_set)[:, None])

    def neuron_set(contrast):
        unsafe, safe = prompt_sets.contrast_of(config, contrast)
        rule = Thresholds(es=0.6)
        masks = select(score(moments(unsafe), moments(safe)), ["es"], rule)
        return NeuronSet(masks, SetIdentity(**CONTEXT, contrast=contrast))

    sets = [neuron_set(contrast) for contrast in ("overall", "topic", "length_matched")]
    assert np.flatnonzero(sets[0].union).tolist() == [SAFETY, TOPIC, LENGTH]
    found = {s.about.contrast: set(np.flatnonzero(s.union[0])) for s in sets[1:]}
    return {row["control"]: row for row in control_rows(sets, 10, 0)}, found


def test_the_topic_contrast_finds_again_the_neuron_of_topic_alone(rows_by_control):
    rows, found = rows_by_control
    assert found["topic"] == {TOPIC}
    assert rows["topic"]["found_again"] == pytest.approx(1 / 3)
    assert rows["topic"]["reading"] == "found again = explained by topic"


def test_the_length_matched_contrast_finds_again_all_but_the_neuron_of_length(rows_by_control):
    rows, found = rows_by_control
    assert found["length_matched"] == {SAFETY, TOPIC}
    assert rows["length_matched"]["found_again"] == pytest.approx(2 / 3)
    assert rows["length_matched"]["reading"] == "found again = not explained by length"


def test_what_is_found_again_stands_beside_how_it_is_read():
    names = TOPIC_CONTROL.names
    first = names.index("reading") + 1
    found = ["found_again", "found_again_null", "found_again_null_high"]
    assert names[first : first + 3] == found
