"""Tables about where safety neurons lie, from neuron sets (paper Fig. 3, 4 and 5)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from safeneuron.artifacts.tables import COUNT, GATED_STATE, INDEX, REAL, TEXT, schema
from safeneuron.neurons.composition import composition, normalised_depth
from safeneuron.neurons.grid import layer_widths
from safeneuron.neurons.overlap import overlap_curves, overlap_null, regrouped_null
from safeneuron.neurons.sets import NeuronSet, read_neuron_set
from safeneuron.neurons.settings import NullSettings

COMPOSITION = schema(
    **GATED_STATE,
    selection=TEXT,
    dataset=TEXT,
    layer=INDEX,
    neurons=COUNT,
    core=COUNT,
    shared=COUNT,
    specific=COUNT,
)
DEPTH_PROFILE = schema(
    **GATED_STATE,
    selection=TEXT,
    layer=INDEX,
    depth=REAL,
    neurons=COUNT,
    selected=COUNT,
    fraction=REAL,
)
NULLS = ("random", "pseudo", "shuffled")
"""Random sets of the same sizes by layer; sets of safe prompts alone, in groups; sets of unsafe
prompts in groups that are no categories (`neurons.regrouping`)."""
OVERLAP = schema(
    **GATED_STATE,
    selection=TEXT,
    dataset=TEXT,
    measure=TEXT,
    k=INDEX,
    subsets=COUNT,
    mean=REAL,
    sd=REAL,
    low=REAL,
    high=REAL,
    # the mean curve of sets that are no categories', and where 95 % of its draws lie
    **{
        f"{null}_{name}": kind
        for null in NULLS
        for name, kind in {"mean": REAL, "low": REAL, "high": REAL, "draws": COUNT}.items()
    },
)


class CategorySets(NamedTuple):
    """The neuron sets of some categories.

    Attributes:
        sets: boolean [categories, layers, neurons].
        context: the columns that they share: state, selection, dataset.
        present: the neurons that there are, boolean [layers, neurons].
    """

    sets: np.ndarray
    context: dict[str, Any]
    present: np.ndarray


def category_sets(files: Sequence[Path]) -> CategorySets:
    """The categories' neuron sets, in the order of the files.

    Raises:
        ValueError: they are not of one state, selection and dataset.
    """
    sets = [read_neuron_set(path) for path in files]
    context = _context(sets[0])
    for path, other in zip(files, sets, strict=True):
        if _context(other) != context:
            raise ValueError(f"{path}: a set of {_context(other)} beside those of {context}")
    return CategorySets(np.stack([neurons.union for neurons in sets]), context, sets[0].present)


def _context(neurons: NeuronSet) -> dict[str, Any]:
    return {**neurons.about.context, "dataset": neurons.about.dataset}


def composition_rows(
    sets: np.ndarray, context: Mapping[str, Any], present: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """Rows of `COMPOSITION`, one a layer.

    Args:
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    parts, widths = composition(sets), layer_widths(sets[0], present)
    return [
        {
            **context,
            "layer": layer,
            "neurons": int(widths[layer]),
            "core": int(parts.core[layer]),
            "shared": int(parts.shared[layer]),
            "specific": int(parts.specific[layer]),
        }
        for layer in range(len(widths))
    ]


def depth_profile_rows(
    mask: np.ndarray, context: Mapping[str, Any], present: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """Rows of `DEPTH_PROFILE`, one a layer.

    Args:
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    selected, widths = mask.sum(axis=1), layer_widths(mask, present)
    return [
        {
            **context,
            "layer": layer,
            "depth": float(depth),
            "neurons": int(widths[layer]),
            "selected": int(selected[layer]),
            "fraction": float(selected[layer] / widths[layer]),
        }
        for layer, depth in enumerate(normalised_depth(len(widths)))
    ]


def overlap_rows(
    sets: np.ndarray,
    context: Mapping[str, Any],
    random: NullSettings,
    regrouped: Mapping[str, Sequence[np.ndarray]],
    present: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Rows of `OVERLAP`, one a measure and K, beside the nulls.

    Args:
        random: how often sets of the same sizes by layer are drawn.
        regrouped: `pseudo` and `shuffled` -> draws of sets, [groups, layers, neurons] each; the
            columns of one that is not there, or has no draws, are empty.
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    rng = np.random.default_rng(random.seed)
    nulls = {"random": overlap_null(sets, random.null_draws, rng, present=present)}
    nulls |= {null: regrouped_null(draws) for null, draws in regrouped.items() if draws}
    draws = {"random": random.null_draws} | {null: len(d) for null, d in regrouped.items()}
    counts = np.bincount([int(s).bit_count() for s in range(1 << len(sets))])
    return [
        {
            **context,
            "measure": measure,
            "k": k,
            "subsets": int(counts[k]),
            "mean": float(curve.mean[k - 2]),
            "sd": float(curve.sd[k - 2]),
            "low": float(curve.low[k - 2]),
            "high": float(curve.high[k - 2]),
            **{
                f"{null}_{name}": float(getattr(nulls[null][measure], name)[k - 2])
                if null in nulls
                else None
                for null in NULLS
                for name in ("mean", "low", "high")
            },
            **{f"{null}_draws": draws.get(null, 0) for null in NULLS},
        }
        for measure, curve in overlap_curves(sets).items()
        for k in range(2, len(sets) + 1)
    ]
