"""The report: one HTML file that needs nothing else, with counts and shares but no responses."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined

from safeneuron.attack.paper_tables import WideTable
from safeneuron.attack.success import OVERALL

FIGURE_GROUPS = {
    "rounds": "Rounds of alignment under the strongest adaptive attack (Table 2)",
    "data_fraction": "How much alignment data it takes (Fig. 6)",
    "attack": "What a pruning attack does to T0",
    "composition": "Safety neurons by layer: core, shared, task-specific (Fig. 3)",
    "depth_profile": "Safety neurons against depth, across sizes (Fig. 4)",
    "overlap": "Overlap of the categories' sets (Fig. 5)",
    "probe_overlap": "The identified sets and a linear probe's, layer by layer (Fig. 7)",
    "training": "How the rounds trained",
}


TABLE_TITLES = {
    "table_1": "Table 1: ASR by arm and attack level, on the sets as identified",
    "worst_case": "The strongest adaptive attack at each strength, over levels and attacks",
    "contrasts": "The same, less plain DPO's in the same round and seed",
    "table_2": "Table 2: rounds",
    "table_3": "Table 3: ASR by arm and attack level, on benchmarks with images",
    "judge_agreement": "Do judges call the same responses a success? Cohen's kappa, on T0",
    "over_refusal": "Safe prompts under attack, benchmark by benchmark (95 % Wilson interval)",
    "capability": "Capability by lm-eval, clean and with neurons zeroed (value ± standard error)",
    "topic_control": "How much of a set is topic or length: what the control contrasts find too",
    "prompt_overlap": "Prompts that two sets share (case and punctuation ignored)",
}


def render(
    experiment: str,
    states: Sequence[Mapping[str, Any]],
    attack_success: Sequence[Mapping[str, Any]],
    tables: Mapping[str, WideTable],
    judge: str,
    figures: Mapping[str, Path],
    untrained_on_text: Sequence[str],
    provenance: Mapping[str, Any],
) -> str:
    """The page's HTML.

    Args:
        states: state columns with the manifest of each.
        attack_success: rows of `ATTACK_SUCCESS`; T0's are shown in full.
        tables: name in `TABLE_TITLES` -> its text; any may be missing.
        judge: whose verdicts the summary table shows.
        figures: path as it is shown -> PNG file.
        untrained_on_text: organisms that were run on real text, about which they know nothing.
    """
    groups: dict[str, list[dict[str, str]]] = {title: [] for title in FIGURE_GROUPS.values()}
    for name, path in figures.items():
        title = FIGURE_GROUPS[Path(name).with_suffix("").parts[1]]
        data = base64.b64encode(path.read_bytes()).decode()
        groups[title].append({"name": name, "data": data})
    environment = Environment(
        loader=PackageLoader("safeneuron.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        experiment=experiment,
        states=states,
        attacks=summarise([row for row in attack_success if row["round"] == 0], judge),
        tables={TABLE_TITLES[name]: table for name, table in tables.items()},
        judge=judge,
        groups={title: items for title, items in groups.items() if items},
        untrained_on_text=untrained_on_text,
        provenance=provenance,
    )


def as_shown(table: pa.Table) -> WideTable:
    """A table's cells as text, three decimals, without the columns that hold nothing."""
    shown = [name for name in table.column_names if table[name].null_count < len(table)]
    lines = [[_cell(row[name]) for name in shown] for row in table.to_pylist()]
    return WideTable(shown, lines)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value in (None, "") else str(value)


def summarise(rows: Sequence[Mapping[str, Any]], judge: str) -> list[dict[str, Any]]:
    """One line a model, attack, level and strength, over all seeds, with its random control."""
    keys = ("model", "arm", "round", "attack", "pooling", "level", "fraction")
    cells: dict[tuple, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["judge"] == judge and row["category"] == OVERALL:
            side = "random" if row["selector"] == "random" else "real"
            cells[tuple(row[k] for k in keys)][side].append(row)
    return [
        {
            **dict(zip(keys, cell, strict=True)),
            "seeds": len(sides["real"]),
            "n_neurons": _mean(sides["real"], "n_neurons"),
            **{name: _mean(sides["real"], name) for name in _SHOWN},
            "asr_range": (
                min(r["asr_low"] for r in sides["real"]),
                max(r["asr_high"] for r in sides["real"]),
            ),
            "random_asr": _mean(sides["random"], "asr"),
        }
        for cell, sides in cells.items()
    ]


_SHOWN = ("complied", "refused", "broken", "utility", "over_refusal", "coherent")


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    return fmean(values) if values else None
