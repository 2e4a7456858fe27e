"""The paper's Tables 1, 2 and 3, with intervals over seeds and prompts.

Tables are long: one number a row, named by its column in the paper's layout, so that a value can be
joined with a published one. `wide.as_wide` lays them out as in the paper. All but Table 3 are of
each model's first harmful benchmark, in the order of the configuration.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import COUNT, STATE, TEXT, schema
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.outcomes import Outcomes
from safeneuron.results.shown import (
    ARM,
    COSTS,
    Rows,
    classes,
    clean_of,
    first_benchmark,
    whole_benchmarks,
)
from safeneuron.results.summaries import ARM_COLUMNS, SUMMARY, of_shares, of_sizes, summary_rows
from safeneuron.results.targets import NEURONS, level, whole

TABLE_1 = schema(**ARM_COLUMNS, attack=TEXT, **SUMMARY, gates_missed=COUNT)
TABLE_2 = schema(**ARM_COLUMNS, attack=TEXT, **SUMMARY, gates_missed=COUNT)
TABLE_3 = schema(**ARM_COLUMNS, benchmark=TEXT, attack=TEXT, **SUMMARY, gates_missed=COUNT)


def table_1(rows: Rows, judges: Sequence[str], outcomes: Outcomes) -> list[dict[str, Any]]:
    """Arms against attack levels on the neuron sets as identified (paper Table 1).

    Columns: clean utility and over-refusal; ASR at each level; ASR of the random control of the
    whole set (FULL); and beside every ASR what was not refused, such as `full_not_refused`.

    Args:
        rows: rows of `ATTACK_SUCCESS`.
        judges: those whose verdicts may be shown; the first that judged a benchmark is.
        outcomes: of those verdicts.
    """
    return _against_levels(first_benchmark(rows, judges), [*ARM, "attack"], outcomes)


def table_3(
    rows: Rows, judges: Sequence[str], outcomes: Outcomes, benchmarks: Collection[str]
) -> list[dict[str, Any]]:
    """`table_1` of each benchmark with images (paper Table 3)."""
    frame = whole_benchmarks([row for row in rows if row["benchmark"] in benchmarks], judges)
    return _against_levels(frame, [*ARM, "benchmark", "attack"], outcomes)


def _against_levels(
    frame: pd.DataFrame, keys: list[str], outcomes: Outcomes
) -> list[dict[str, Any]]:
    frame = _of_sets(frame)
    out = []
    for values, cell in frame[frame["attack"] != CLEAN].groupby(keys, sort=False):
        key = dict(zip(keys, values, strict=True))
        clean = clean_of(frame, key)
        real = cell[cell["control_seed"].isna()]
        targets = real["target"].unique()
        levels = {level(target, targets): real[real["target"] == target] for target in targets}
        control = cell[cell["control_seed"].notna() & (cell["target"] == whole(targets))]
        samples = {name: outcomes.sample(clean, name) for name in COSTS}
        for column, ending in (("asr", ""), ("not_refused", "_not_refused")):
            for name, side in {"ori": clean, **levels, "random": control}.items():
                samples[f"{name}{ending}"] = outcomes.sample(side, column)
        columns = {name: of_shares(sample) for name, sample in samples.items()}
        out += summary_rows(key, columns, clean)
    return out


def _of_sets(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the clean model and of attacks on neuron sets as identified, as the paper's are."""
    of_paper = (frame["acted_on"] == NEURONS) | (frame["attack"] == CLEAN)
    return frame[of_paper & frame["fraction"].isna()]


def accumulated_sizes(manifests: Iterable[Path]) -> dict[tuple[Any, ...], int]:
    """State -> how many neurons its arm acted on in the round that led to it, see `table_2`.

    Args:
        manifests: of checkpoints that rounds of alignment wrote.
    """
    trained = (read_manifest(path)["reported"] for path in manifests)
    return {tuple(made[name] for name in STATE): made["protected_neurons"] for made in trained}


def table_2(
    rows: Rows,
    judges: Sequence[str],
    outcomes: Outcomes,
    accumulated: Mapping[tuple[Any, ...], int],
) -> list[dict[str, Any]]:
    """Rounds against set size, clean utility, over-refusal and ASR under FULL (paper Table 2).

    Args:
        accumulated: state -> how many neurons its arm acted on in its last round: the union of the
            sets of the rounds before, of which `neurons`, the state's own set, is the next.
    """
    frame = first_benchmark(rows, judges)
    names = classes(frame)
    frame = _of_sets(frame)
    frame = frame[frame["control_seed"].isna()]
    arms = [arm for arm in frame["arm"].unique() if arm != "base"]
    out = []
    for (model, attack), cell in frame[frame["attack"] != CLEAN].groupby(
        ["model", "attack"], sort=False
    ):
        full = cell[cell["target"] == whole(cell["target"].unique())]
        for arm in arms:
            for number, state in full[full["arm"].isin(["base", arm])].groupby("round"):
                (of,) = state["arm"].unique()
                clean = clean_of(frame, {"model": model, "arm": of, "round": number})
                key = {"model": model, "arm": arm, "round": number, "attack": attack}
                states = map(tuple, state[[*STATE]].to_numpy())
                acted_on = [accumulated[one] for one in states if one in accumulated]
                columns = {"neurons": of_sizes(state["n_neurons"])}
                columns["accumulated"] = of_sizes(acted_on)
                columns |= {name: of_shares(outcomes.sample(clean, name)) for name in COSTS}
                columns |= {name: of_shares(outcomes.sample(state, name)) for name in names}
                out += summary_rows(key, columns, clean)
    return out
