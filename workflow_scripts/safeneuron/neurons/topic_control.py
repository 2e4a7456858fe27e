"""Which share of a safety set a control contrast finds again, and what that share says of it.

`topic`, benign prompts on unsafe topics against plain benign ones, knows topic and no safety: what
it finds again is explained by topic. `length_matched`, unsafe prompts against safe ones that are as
long, knows safety and no length: what it finds again is not explained by length.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, TEXT, schema
from safeneuron.neurons.grid import layer_widths
from safeneuron.neurons.random_sets import matched_random
from safeneuron.neurons.sets import NeuronSet

TOPIC_CONTROL = schema(
    **GATED_STATE,
    selection=TEXT,
    control=TEXT,  # a key of READINGS
    reading=TEXT,  # what it says of a neuron that the control finds again
    found_again=REAL,  # share of the safety set that is in the control's set
    found_again_null=REAL,  # expected of random sets with as many neurons a layer
    found_again_null_high=REAL,  # 97.5 % quantile of random draws of them
    n_safety=COUNT,
    n_control=COUNT,
    shared=COUNT,
    jaccard=REAL,
    jaccard_null=REAL,  # mean of the draws
    jaccard_null_high=REAL,  # their 97.5 % quantile
    null_draws=COUNT,
)
READINGS = {
    "topic": "found again = explained by topic",
    "length_matched": "found again = not explained by length",
}
"""Control contrast -> what a high share found again says of the safety set."""


def control_rows(sets: Sequence[NeuronSet], null_draws: int, seed: int) -> list[dict[str, Any]]:
    """Rows of `TOPIC_CONTROL`, one a control's set, against its state's `overall` by its selection.

    Args:
        sets: of the contrasts `overall`, `topic` and `length_matched`.
    """
    safety = {tuple(s.about.context.values()): s for s in sets if s.about.contrast == "overall"}
    return [
        control_row(
            safety[tuple(control.about.context.values())].union,
            control.union,
            control.about.context,
            control.about.contrast,
            null_draws,
            seed,
            control.present,
        )
        for control in sets
        if control.about.contrast != "overall"
    ]


def control_row(
    safety: np.ndarray,
    control: np.ndarray,
    context: Mapping[str, Any],
    contrast: str,
    null_draws: int,
    seed: int,
    present: np.ndarray | None = None,
) -> dict[str, Any]:
    """One row of `TOPIC_CONTROL`.

    Args:
        safety, control: boolean [layers, neurons], neither empty.
        context: state, selection.
        contrast: the control's, a key of `READINGS`.
        present: the neurons that there are, see `neurons.grid`; None for all.

    Raises:
        ValueError: a set is empty.
    """
    if not safety.any() or not control.any():
        raise ValueError("an empty neuron set has no overlap")
    rng = np.random.default_rng(seed)
    draws = np.array(
        [measures(safety, matched_random(control, rng, present)) for _ in range(null_draws)]
    )
    jaccard, found_again = measures(safety, control)
    high = np.quantile(draws, 0.975, axis=0)
    return {
        **context,
        "control": contrast,
        "reading": READINGS[contrast],
        "n_safety": int(safety.sum()),
        "n_control": int(control.sum()),
        "shared": int((safety & control).sum()),
        "jaccard": jaccard,
        "jaccard_null": float(draws[:, 0].mean()),
        "jaccard_null_high": float(high[0]),
        "found_again": found_again,
        "found_again_null": expected_share(safety, control, present),
        "found_again_null_high": float(high[1]),
        "null_draws": null_draws,
    }


def measures(safety: np.ndarray, control: np.ndarray) -> tuple[float, float]:
    """Jaccard index, and the share of the safety set that is in the control's."""
    shared = (safety & control).sum()
    return float(shared / (safety | control).sum()), float(shared / safety.sum())


def expected_share(
    safety: np.ndarray, control: np.ndarray, present: np.ndarray | None = None
) -> float:
    """Share found again by random sets of as many neurons a layer, exactly (hypergeometric)."""
    expected = safety.sum(axis=1) * control.sum(axis=1) / layer_widths(safety, present)
    return float(expected.sum() / safety.sum())
