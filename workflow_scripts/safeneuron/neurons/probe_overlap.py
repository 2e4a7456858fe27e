"""How far a set by scores and a linear probe's hold the same neurons, by layer (paper Fig. 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import hypergeom

from safeneuron.artifacts.tables import COUNT, GATED_STATE, INDEX, REAL, TEXT, schema
from safeneuron.neurons.grid import layer_widths
from safeneuron.neurons.sets import NeuronSet

PROBE_OVERLAP = schema(
    **GATED_STATE,
    selection=TEXT,
    probe=TEXT,
    layer=INDEX,
    neurons=COUNT,
    shared=COUNT,
    only_selection=COUNT,
    only_probe=COUNT,
    null_mean=REAL,  # neurons that random sets of these sizes share
    null_low=COUNT,
    null_high=COUNT,
)


def all_probe_overlap_rows(sets: Sequence[NeuronSet]) -> list[dict[str, Any]]:
    """Rows of `PROBE_OVERLAP`: every set by scores beside every probe's set of the same state."""
    probes = [s for s in sets if "probe" in s.masks]
    return [
        row
        for selected in sets
        if "probe" not in selected.masks
        for probed in probes
        if probed.about.state == selected.about.state
        for row in probe_overlap_rows(
            selected.union,
            probed.union,
            {**selected.about.context, "probe": probed.about.selection},
            present=selected.present,
        )
    ]


def probe_overlap_rows(
    selected: np.ndarray,
    probed: np.ndarray,
    context: Mapping[str, Any],
    coverage: float = 0.95,
    present: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Rows of `PROBE_OVERLAP`, one a layer, with the mean and central range of the null.

    The null is hypergeometric: independent uniformly random sets of as many neurons in the layer.

    Args:
        selected, probed: masks [layers, neurons].
        context: the state's columns, `selection` and `probe`.
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    widths = layer_widths(selected, present).tolist()
    tails = (1 - coverage) / 2, (1 + coverage) / 2
    rows = []
    for layer, (ours, theirs, neurons) in enumerate(zip(selected, probed, widths, strict=True)):
        low, high = hypergeom.ppf(tails, neurons, ours.sum(), theirs.sum())
        rows.append(
            {
                **context,
                "layer": layer,
                "neurons": neurons,
                "shared": int((ours & theirs).sum()),
                "only_selection": int((ours & ~theirs).sum()),
                "only_probe": int((theirs & ~ours).sum()),
                "null_mean": float(ours.sum() * theirs.sum() / neurons),
                "null_low": int(low),
                "null_high": int(high),
            }
        )
    return rows
