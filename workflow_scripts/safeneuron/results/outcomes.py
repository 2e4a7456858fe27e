"""What became of every prompt in every cell: verdicts prompt by prompt, beside prompts' clusters.

`attack_success` counts them. Intervals need more: the same prompts are asked in every cell and of
every seed, and some are variants of one request.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import STATE
from safeneuron.data.prompts import prompt_tables
from safeneuron.results.use import read_verdicts
from safeneuron.verdict import Verdict

_CELL = (*STATE, "attack", "target", "fraction", "strength", "control_seed", "judge")
_ABOUT = ("dataset", "benchmark", "role")
_CODES = {str(verdict): code for code, verdict in enumerate(Verdict)}
_UNKNOWN = -1  # of `exact`: the judge cannot tell

Cell = tuple[Any, ...]


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Which cell of an attack on a state, and by which judge, a row of a table is about."""
    return tuple(row[name] for name in _CELL)


class Sample(NamedTuple):
    """Outcomes of the same prompts from several seeds.

    Attributes:
        values: in [0, 1], or of a difference in [-1, 1]; [seeds, prompts].
        clusters: [prompts].
    """

    values: np.ndarray
    clusters: np.ndarray

    def less(self, other: "Sample") -> "Sample":
        """The differences from another sample, seed by seed and prompt by prompt."""
        return Sample(self.values - other.values, self.clusters)


class _Answers(NamedTuple):
    """One judge on one benchmark in one cell: codes of verdicts and of `exact`, [prompts]."""

    verdicts: np.ndarray
    exact: np.ndarray


class Outcomes:
    """Verdicts prompt by prompt, of all cells of some judges."""

    def __init__(self) -> None:
        """Without any; `read_outcomes` adds them."""
        self._answers: dict[Cell, dict[str, _Answers]] = {}
        self._prompts: dict[str, np.ndarray] = {}  # benchmark -> rows of its prompt table
        self._clusters: dict[str, np.ndarray] = {}
        self._safe: set[str] = set()

    def sample(self, cells: pd.DataFrame, column: str) -> Sample | None:
        """Outcomes of some cells, a row a seed in ascending order; its cells' mean if it has some.

        Args:
            cells: the columns `seed`, `benchmark` (a harmful one) and `cell`.
            column: `utility` or `over_refusal` of all safe prompts, or a verdict of `benchmark`;
                `asr` is `complied`, and `not_refused` every verdict but `refused`.

        Returns:
            None where no cell is given, where no safe prompts were asked, or where the judge cannot
            tell of some whether they were answered exactly.
        """
        rows, clusters = [], np.empty(0)
        for _, of_seed in sorted(cells.groupby("seed"), key=lambda group: group[0]):
            values = []
            for cell, benchmark in zip(of_seed["cell"], of_seed["benchmark"], strict=True):
                found = self._values(cell, benchmark, column)
                if found is None:
                    return None
                values.append(found.values)
                clusters = found.clusters
            rows.append(np.mean(values, axis=0))
        return Sample(np.stack(rows), clusters) if rows else None

    def _values(self, cell: Cell, harmful: str, column: str) -> Sample | None:
        answers = self._answers[cell]
        if column not in ("utility", "over_refusal"):
            said, clusters = answers[harmful].verdicts, self._clusters[harmful]
            if column == "not_refused":
                return Sample(said != _CODES[Verdict.REFUSED], clusters)
            code = _CODES[Verdict.COMPLIED if column == "asr" else column]
            return Sample(said == code, clusters)
        safe = sorted(self._safe & answers.keys())
        if not safe:
            return None
        clusters = np.concatenate([self._clusters[name] for name in safe])
        if column == "over_refusal":
            refused = [answers[name].verdicts == _CODES[Verdict.REFUSED] for name in safe]
            return Sample(np.concatenate(refused), clusters)
        exact = np.concatenate([answers[name].exact for name in safe])
        return None if (exact == _UNKNOWN).any() else Sample(exact, clusters)

    def add(self, verdicts: pa.Table, prompts: Mapping[str, tuple[pa.Array, np.ndarray]]) -> None:
        """Add the rows of a table of `VERDICTS`.

        Args:
            prompts: data set -> the ids of its prompts, and their clusters.

        Raises:
            ValueError: a prompt is in no prompt table, or not all cells of a benchmark have the
                same prompts.
        """
        keys = [*_CELL, *_ABOUT]
        groups = _numbered(verdicts.select(keys))
        said = pc.index_in(verdicts["verdict"], pa.array(_CODES)).to_numpy()
        exact = pc.fill_null(pc.cast(verdicts["exact"], pa.int8()), _UNKNOWN).to_numpy()
        ids = verdicts["prompt_id"]
        order = np.argsort(groups, kind="stable")
        starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
        for rows in np.split(order, starts[1:]):
            about = {name: verdicts[name][int(rows[0])].as_py() for name in keys}
            known, clusters = prompts[about["dataset"]]
            at = pc.index_in(ids.take(pa.array(rows)), known).to_numpy(zero_copy_only=False)
            if np.isnan(at).any():
                raise ValueError(f"{about}: verdicts on prompts that its prompt table has not")
            by_prompt = np.argsort(at, kind="stable")
            asked, rows = at[by_prompt].astype(np.int64), rows[by_prompt]
            benchmark = about["benchmark"]
            if not np.array_equal(self._prompts.setdefault(benchmark, asked), asked):
                raise ValueError(f"{about}: other prompts than in other cells of '{benchmark}'")
            self._clusters.setdefault(benchmark, clusters[asked])
            if about["role"] == "safe":
                self._safe.add(benchmark)
            answers = _Answers(said[rows].astype(np.int8), exact[rows].astype(np.int8))
            self._answers.setdefault(cell_of(about), {})[benchmark] = answers


def read_outcomes(verdicts: Sequence[Path], prompts: Sequence[Path]) -> Outcomes:
    """The reported outcomes in files of `VERDICTS`, of data sets whose prompt tables are given."""
    tables: dict[str, tuple[pa.Array, np.ndarray]] = {}
    count = 0
    for name, table in prompt_tables(prompts).items():
        codes = np.unique(table["cluster"].to_numpy(), return_inverse=True)[1]
        tables[name] = table["prompt_id"].combine_chunks(), codes + count
        count += len(table)  # clusters of two data sets are never one
    outcomes = Outcomes()
    for path in verdicts:
        outcomes.add(read_verdicts(path), tables)
    return outcomes


def _numbered(table: pa.Table) -> np.ndarray:
    """A number for each row, equal for equal rows."""
    numbers = np.zeros(len(table), dtype=np.int64)
    for column in table.columns:
        encoded = column.combine_chunks().dictionary_encode("encode")
        numbers = numbers * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy()
        numbers = np.unique(numbers, return_inverse=True)[1]
    return numbers
