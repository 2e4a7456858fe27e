r"""How often neurons without any effect pass the paper's thresholds: the table of docs/theorem.md.

    PYTHONPATH=workflow_scripts python benchmarks/theorem.py benchmarks/theorem.csv docs/theorem.png

No model is needed: activations are drawn from one distribution for both sides. Half a minute.
"""

import argparse
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.special import ndtr

from safeneuron.figures import style
from safeneuron.neurons.theorem import (
    corrected_bound,
    exact_chance,
    printed_bound,
    simulated_effect_sizes,
)
from safeneuron.statistics.intervals import wilson_interval

PROMPTS = (5, 10, 20, 50, 100, 200, 500, 1000)
"""Of each side."""
THRESHOLDS = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
NEURONS, AT_ONCE = 40_000, 2_000
COLUMNS = (
    "prompts", "threshold", "printed", "corrected", "exact",
    "activations", "neurons", "simulated", "low", "high",
)  # fmt: skip

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Normal activations, of which the finite-sample chance is known."""
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Exponential activations, of skewness 2."""
    return rng.exponential(size=shape)


def sparse(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Activations that are exponential on one prompt in five and zero on the others."""
    return rng.exponential(size=shape) * (rng.random(shape) < 0.2)


ACTIVATIONS: dict[str, Draw] = {"normal": normal, "skewed": skewed, "sparse": sparse}


def effect_sizes(draw: Draw, prompts: int) -> np.ndarray:
    """Of `NEURONS` neurons without any effect; one that is constant has none (0)."""
    rng = np.random.default_rng(prompts)
    shape = (2 * prompts, AT_ONCE)
    with np.errstate(invalid="ignore"):
        d = [simulated_effect_sizes(draw(rng, shape), prompts) for _ in range(NEURONS // AT_ONCE)]
    return np.nan_to_num(np.concatenate(d))


def measured() -> Iterator[tuple[str | float, ...]]:
    """Rows of `COLUMNS`."""
    for name, draw in ACTIVATIONS.items():
        for prompts in PROMPTS:
            d = effect_sizes(draw, prompts)
            for tau in THRESHOLDS:
                hits = int((d > tau).sum())
                yield (
                    prompts, tau, printed_bound(tau), corrected_bound(tau, prompts, prompts),
                    exact_chance(tau, prompts, prompts),
                    name, NEURONS, hits / NEURONS, *wilson_interval(hits, NEURONS),
                )  # fmt: skip


def drawn(rows: pd.DataFrame) -> Figure:
    """The false-selection rate against the number of prompts, a panel a threshold."""
    shown = (0.2, 0.5, 1.0)
    figure, axes = plt.subplots(1, len(shown), figsize=(9, 2.7), sharey=True, layout="constrained")
    colours = dict(zip(ACTIVATIONS, (style.OVERLAP, style.PSEUDO, style.SHUFFLED), strict=True))
    n = np.geomspace(min(PROMPTS), max(PROMPTS), 200)
    for axis, tau in zip(axes, shown, strict=True):
        axis.axhline(printed_bound(tau), color=style.COMPLIED, lw=1.4, label="bound as printed")
        axis.plot(n, ndtr(-tau * np.sqrt(n / 2)), color=style.INK, ls="--", label="corrected")
        for name, colour in colours.items():
            one = rows[(rows["activations"] == name) & (rows["threshold"] == tau)]
            seen = one[one["simulated"] > 0]
            axis.errorbar(
                seen["prompts"], seen["simulated"],
                yerr=[seen["simulated"] - seen["low"], seen["high"] - seen["simulated"]],
                color=colour, marker="o", ms=3, lw=0, elinewidth=0.9, label=f"simulated, {name}",
            )  # fmt: skip
        axis.set(xscale="log", yscale="log", ylim=(1e-5, 1), xlabel="prompts of each side")
        axis.set_title(f"d > {tau:g}")
        axis.grid(color=style.GRID, linewidth=0.6)
    axes[0].set_ylabel("neurons without effect\nthat are selected")
    style.legend_below(figure, axes[0])
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("figure", type=Path)
    args = parser.parse_args()
    rows = list(measured())
    with args.out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            [f"{value:.5g}" if isinstance(value, float) else value for value in row] for row in rows
        )
    style.save(drawn(pd.DataFrame(rows, columns=COLUMNS)), args.figure)
