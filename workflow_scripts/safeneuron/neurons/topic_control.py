"""How much of a neuron set a control contrast finds as well: topic, or length, but not safety."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, TEXT, schema
from safeneuron.neurons.random_sets import matched_random
from safeneuron.neurons.sets import NeuronSet

TOPIC_CONTROL = schema(
    **GATED_STATE,
    selection=TEXT,
    control=TEXT,  # topic: benign on unsafe topics against plain benign; length: safe as long
    n_safety=COUNT,
    n_control=COUNT,
    shared=COUNT,
    jaccard=REAL,
    jaccard_null=REAL,  # mean of random sets with as many neurons a layer
    jaccard_null_high=REAL,  # their 97.5 % quantile
    containment=REAL,  # share of the safety set that is in the control's set
    containment_null=REAL,
    containment_null_high=REAL,
    null_draws=COUNT,
)


def control_rows(sets: Sequence[NeuronSet], null_draws: int, seed: int) -> list[dict[str, Any]]:
    """Rows of `TOPIC_CONTROL`, one a control's set, against its state's `overall` by its selection.

    Args:
        sets: of the contrasts `overall`, `topic` and `length`.
    """
    safety = {tuple(s.about.context.values()): s for s in sets if s.about.contrast == "overall"}
    return [
        control_row(
            safety[tuple(control.about.context.values())].union,
            control.union,
            {**control.about.context, "control": control.about.contrast},
            null_draws,
            seed,
        )
        for control in sets
        if control.about.contrast != "overall"
    ]


def control_row(
    safety: np.ndarray,
    control: np.ndarray,
    context: Mapping[str, Any],
    null_draws: int,
    seed: int,
) -> dict[str, Any]:
    """One row of `TOPIC_CONTROL`.

    Args:
        safety, control: boolean [layers, neurons], neither empty.
        context: state, selection, control.

    Raises:
        ValueError: a set is empty.
    """
    if not safety.any() or not control.any():
        raise ValueError("an empty neuron set has no overlap")
    rng = np.random.default_rng(seed)
    draws = np.array([measures(safety, matched_random(control, rng)) for _ in range(null_draws)])
    jaccard, containment = measures(safety, control)
    high = np.quantile(draws, 0.975, axis=0)
    return {
        **context,
        "n_safety": int(safety.sum()),
        "n_control": int(control.sum()),
        "shared": int((safety & control).sum()),
        "jaccard": jaccard,
        "jaccard_null": float(draws[:, 0].mean()),
        "jaccard_null_high": float(high[0]),
        "containment": containment,
        "containment_null": expected_containment(safety, control),
        "containment_null_high": float(high[1]),
        "null_draws": null_draws,
    }


def measures(safety: np.ndarray, control: np.ndarray) -> tuple[float, float]:
    """Jaccard index, and the share of the safety set that is in the control's."""
    shared = (safety & control).sum()
    return float(shared / (safety | control).sum()), float(shared / safety.sum())


def expected_containment(safety: np.ndarray, control: np.ndarray) -> float:
    """Containment of random sets with as many neurons in each layer, exactly (hypergeometric)."""
    expected = safety.sum(axis=1) * control.sum(axis=1) / safety.shape[1]
    return float(expected.sum() / safety.sum())
