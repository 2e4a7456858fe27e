"""Arms against a baseline in their bounded worst cases, on the same seeds and prompts."""

from collections.abc import Collection, Mapping
from typing import Any

from safeneuron.artifacts.tables import TEXT, schema
from safeneuron.results.bounded_worst_case import (
    ALL,
    Candidates,
    groups,
    strongest_within,
)
from safeneuron.results.contrasts import CONTRAST, corrected, difference
from safeneuron.results.outcomes import Outcomes
from safeneuron.results.settings import PrimaryContrast
from safeneuron.results.shown import ARM, classes
from safeneuron.results.summaries import ARM_COLUMNS, summary_rows

BOUNDED_CONTRASTS = schema(
    **ARM_COLUMNS,
    attacks=TEXT,  # as in `BOUNDED_WORST_CASE`
    **CONTRAST,
)


def bounded_contrasts(
    found: Candidates,
    outcomes: Outcomes,
    baseline: str,
    simulates: Mapping[str, Collection[str]],
    primary: Mapping[str, PrimaryContrast],
) -> list[dict[str, Any]]:
    """Bounded worst cases less the baseline's in the same round, paired by seed and prompt.

    The baseline is attacked by the same kinds: beside an arm's held-out kinds stands its own worst
    case over just those. An arm that is trained against none has no row `held-out`, for it is that
    of all.

    Columns: differences of what complied and was not refused, of every verdict, and of utility.
    Empty without the baseline.

    Args:
        outcomes: on evaluation prompts.
        baseline: the arm that all others are compared with.
        simulates: arm -> the kinds of attacks that it is trained against.
        primary: model -> the contrast over all kinds that was named before the run.
    """
    attacks = found.attacks
    out: list[dict[str, Any]] = []
    for state in attacks[ARM].drop_duplicates().to_dict("records"):
        arm, of_round = state["arm"], attacks["model"].eq(state["model"])
        kinds = found.of_states(of_round).kinds
        of_round &= attacks["round"].eq(state["round"])
        arms = [attacks["arm"].eq(name) & of_round for name in (arm, baseline)]
        shared = {*attacks["seed"][arms[0]]} & {*attacks["seed"][arms[1]]}
        if arm == baseline or not shared:
            continue
        sides = [found.of_states(mine & attacks["seed"].isin(shared)) for mine in arms]
        # groups of the same kinds are one comparison, by the last one's name
        named_groups = groups(kinds, simulates.get(arm, ()))
        once = {tuple(some): name for name, some in named_groups.items()}
        for some, name in once.items():
            cells = [strongest_within(side, some) for side in sides]
            names = [*classes(attacks), "utility"]
            columns = {column: difference(outcomes, cells, column) for column in names}
            named = primary.get(state["model"])
            is_primary = (
                name == ALL
                and named is not None
                and (named.arm, named.round) == (arm, state["round"])
            )
            complied = columns["complied"]
            for row in summary_rows({**state, "attacks": name}, columns, cells[0]):
                p = complied.p if complied and row["column"] == "complied" else None
                out.append({**row, "primary": is_primary, "p": p, "p_holm": None})
    return corrected(out)
