"""The report: one HTML file that needs nothing else, with counts and shares but no responses."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined

from safeneuron.results.against_paper import TITLES
from safeneuron.results.counts import OVERALL
from safeneuron.results.targets import attack_shown
from safeneuron.results.wide import WideTable

# in the paper's order, then what it does not have; a figure that is not named here comes last
FIGURE_GROUPS = {
    "composition": "Figure 3: safety neurons by layer, core, shared and task-specific",
    "depth_profile": "Figure 4: safety neurons against depth, across sizes",
    "overlap": "Figure 5: overlap of the categories' sets, against random sets and other groups",
    "data_fraction": "Figure 6: attack success against the fraction of the alignment data",
    "probe_overlap": "Figure 7: the identified sets and a linear probe's, layer by layer",
    "experts": "Experts of mixtures: safety neurons by layer and expert, and routing",
    "matrix": "Arms against attacks: each cell has the strongest attack within a bound on utility, "
    "chosen on validation prompts. Attacks that the arm is trained against are framed; the columns "
    "held-out and all are the strongest of the kinds that it is not trained against, and of all",
    "rounds": "Rounds of alignment under the strongest adaptive attack (beside Table 2)",
    "attack_curves": "Attacks on directions, words and weights over their strengths",
    "attack": "What a pruning attack does to T0 (beside Table 1)",
    "causal_audit": "Causal audit: rankings read from both ends, most and least relevant first",
    "training": "How the rounds trained",
}

TABLE_TITLES = {
    **{
        f"against_paper_{table}": f"Beside the paper's {title}. Ours (published, difference; "
        "* where its 95 % interval leaves zero out)"
        for table, title in TITLES.items()
    },
    "table_1": "Table 1: ASR and not refused by arm and attack level, on the sets as identified",
    "table_2": "Table 2: rounds",
    "table_3": "Table 3: ASR and not refused by arm and attack level, on benchmarks with images",
    "worst_case": "The strongest adaptive attack at each strength, over levels and attacks",
    "attack_curves": "Attacks over their strengths: area under what complied (1: all of it, at all "
    "of them), of the random controls too, and from which strength on half complies",
    "contrasts": "The same, less plain DPO's in the same round and seed",
    "matrix": "Arms against attacks, chosen on validation prompts within a bound on utility, "
    "reported on evaluation prompts (* the arm is trained against the kind)",
    "bounded_contrasts": "The same, less plain DPO's in the same round and seed, attacked by the "
    "same kinds",
    "training_time": "What the arms' trainings took, and as a ratio to plain DPO's",
    "causal_audit": "Causal audit: mean difference of two curves, from none to the share `upto`",
    "judge_agreement": "Do judges call the same responses a success? Cohen's kappa, on T0",
    "over_refusal": "Safe prompts under attack, benchmark by benchmark (95 % Wilson interval)",
    "capability": "Capability by lm-eval, clean and with neurons zeroed (value ± standard error)",
    "freeze_reports": "What trainings froze, bit by bit, and moved",
    "topic_control": "Which share of a safety set is found again by topic alone (a high share: the "
    "set is topic), and against safe prompts of the same length (a high share: it is not length)",
    "calibration": "What a test says of each safety set: Welch's t, Benjamini-Hochberg over all "
    "neurons (where nearly all of them are significant, significance selects nothing)",
    "stability": "What is found again from other prompts, by their number (beside Figure 5: two "
    "categories can hardly share more)",
    "prompt_overlap": "Prompts that two sets share (case and punctuation ignored)",
}


def render(
    experiment: str,
    states: Sequence[Mapping[str, Any]],
    attack_success: Sequence[Mapping[str, Any]],
    tables: Mapping[str, WideTable],
    judges: str,
    figures: Mapping[str, Path],
    readings: Mapping[Path, str],
    untrained_on_text: Sequence[str],
    provenance: Mapping[str, Any],
) -> str:
    """The page's HTML.

    Args:
        states: state columns with the manifest and the validation of each.
        attack_success: rows of `ATTACK_SUCCESS` to show; T0's are shown in full.
        tables: name in `TABLE_TITLES` -> its text; any may be missing.
        judges: whose verdicts they are.
        figures: path as it is shown -> PNG file.
        readings: PNG file -> what the figure says, for those that say it in words.
        untrained_on_text: organisms that were run on real text, about which they know nothing.
    """
    groups: dict[str, list[dict[str, str]]] = {title: [] for title in FIGURE_GROUPS.values()}
    for name, path in figures.items():
        kind = Path(name).with_suffix("").parts[1]
        data = base64.b64encode(path.read_bytes()).decode()
        item = {"name": name, "data": data, "reading": readings.get(path, "").strip()}
        groups.setdefault(FIGURE_GROUPS.get(kind, kind), []).append(item)
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
        attacks=summarise([row for row in attack_success if row["round"] == 0]),
        tables={title: tables[name] for name, title in TABLE_TITLES.items() if name in tables},
        judges=judges,
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


def summarise(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One line a model, attack, target and fraction, over all seeds, with its random control."""
    keys = ("model", "arm", "round", "attack", "pooling", "target", "fraction")
    cells: dict[tuple, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["category"] == OVERALL:
            side = "real" if row["control_seed"] is None else "random"
            about = {**row, "attack": attack_shown(row)}
            cells[tuple(about[k] for k in keys)][side].append(row)
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
            "not_refused_range": (
                min(r["not_refused_low"] for r in sides["real"]),
                max(r["not_refused_high"] for r in sides["real"]),
            ),
            "random_asr": _mean(sides["random"], "asr"),
            "random_not_refused": _mean(sides["random"], "not_refused"),
        }
        for cell, sides in cells.items()
    ]


_SHOWN = (
    "complied", "not_refused", "attempted", "refused", "broken", "utility", "over_refusal",
    "coherent",
)  # fmt: skip


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    return fmean(values) if values else None
