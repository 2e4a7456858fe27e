"""Every number of README's results is a row of a table in git, which a rule has made."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return " ".join(README.partition(f"## {title}\n")[2].partition("\n## ")[0].split())


LANGUAGES = ("language-1", "language-2")
SHOWS, SIGNED = section("What it shows"), section("Signed or magnitude scores")


def rows(experiment: str, table: str, **where: object) -> pd.DataFrame:
    """The rows of a snapshot's table that have these values; None is an empty cell."""
    found = pd.read_csv(ROOT / "results" / f"{experiment}-snapshot" / "tables" / f"{table}.csv")
    for name, value in where.items():
        found = found[found[name].isna() if value is None else found[name] == value]
    return found


def share(value: float, digits: int = 2) -> str:
    """A share as README writes it, without the zero before the point."""
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def difference(value: float) -> str:
    return ("+" if value > 0 else "") + share(value, 3)


def summary(experiment: str, table: str, write: Callable[[float], str], **where: object) -> str:
    """A mean over seeds with its interval, of the one row that is meant."""
    (row,) = rows(experiment, table, **where).to_dict("records")
    return "{} [{}, {}]".format(*(write(row[name]) for name in ("mean", "low", "high")))


def mean(
    experiment: str, table: str, write: Callable[[float], str] = share, **where: object
) -> str:
    return summary(experiment, table, write, **where).partition(" ")[0]


def by_seed(**where: object) -> str:
    """Complied on T0, seed by seed."""
    found = rows("seeds", "attack_success", arm="base", control_seed=None, **where)
    assert found["seed"].tolist() == [0, 1, 2, 3, 4]
    return " ".join(share(value) for value in found["complied"])


def worst(arm: str, number: int, column: str = "complied", fraction: float = 0.1) -> str:
    where = {"arm": arm, "round": number, "fraction": fraction, "column": column}
    return mean("seeds", "worst_case", **where)


def missed(arm: str, experiment: str = "seeds") -> int:
    where = {"arm": arm, "round": 3, "fraction": 0.1, "column": "complied"}
    return int(rows(experiment, "worst_case", **where)["gates_missed"].item())


def contrast(experiment: str, arm: str, column: str = "complied") -> dict[str, object]:
    return {"experiment": experiment, "table": "contrasts", "arm": arm, "round": 3,
            "fraction": 0.1, "column": column}  # fmt: skip


def p_of(experiment: str, arm: str) -> str:
    where = {k: v for k, v in contrast(experiment, arm).items() if k not in ("experiment", "table")}
    (row,) = rows(experiment, "contrasts", **where).to_dict("records")
    p = row["p"] if row["primary"] else row["p_holm"]
    return "1" if p == 1 else share(p, 3 if row["primary"] else 4 if p < 0.01 else 2)


def line(arm: str, about: str, experiment: str = "seeds") -> str:
    """A line of README's table of arms."""
    seen = summary(write=difference, **contrast(experiment, arm))
    low, high = (difference(float(x)) for x in re.findall(r"-?[+]?\.\d+", seen)[1:])
    seen = f"{seen.partition(' ')[0]} [{low}, {high}]"
    return f"| `{arm}`{about} | {worst(arm, 3)} | {seen} | {p_of(experiment, arm)} |"


def table_1(column: str) -> str:
    where = {"arm": "base", "attack": "magnitude", "column": column}
    return summary("seeds", "table_1", share, **where)


def literal_worst(arm: str, column: str = "complied") -> str:
    where = {"arm": arm, "round": 3, "fraction": 0.1, "column": column}
    return mean("literal", "worst_case", **where)


def literal_clean(arm: str, column: str) -> str:
    where = {"arm": arm, "round": 3, "fraction": 0.1, "column": f"clean_{column}"}
    return summary("literal", "worst_case", share, **where)


def of_languages(arm: str) -> str:
    where = {"arm": arm, "round": 3, "fraction": 0.1}
    found = [rows(one, "worst_case_by_seed", **where)["complied"].item() for one in LANGUAGES]
    return " and ".join(share(value) for value in found)


def frozen() -> tuple[int, int, int]:
    reports = rows("seeds", "freeze_reports")
    frozen = reports[reports["frozen_neurons"] > 0]
    return len(frozen), len(reports), int(frozen["frozen_moved"].sum())


def claims() -> list[str]:
    """What the results' sections say in numbers, from the tables."""
    full = rows("seeds", "attack_success", arm="base", attack="magnitude", target="es+sas",
                fraction=None, control_seed=None)["n_neurons"]  # fmt: skip
    sas = {"target": "sas", "fraction": 0.1}
    cost = mean(write=difference, **contrast("seeds", "freeze_ablate", "clean_utility"))
    return [
        f"({full.mean():.0f} of 2,048 neurons, {100 * full.mean() / 2048:.1f} %)",
        f"from {table_1('ori')} to {table_1('full')};",
        f"leave it at {table_1('random')}.",
        f"at 10 % they give {by_seed(attack='magnitude', target='es+sas', fraction=0.1)}.",
        f"gives {by_seed(attack='paper', **sas)} with the paper's `max` pooling",
        f"{by_seed(attack='peak', **sas)} with the same pooling of magnitudes",
        f"| T0 | {worst('base', 0)} | | |",
        f"| plain DPO | {worst('dpo', 3)} | | |",
        line("freeze", ", the paper's text"),
        line("random_freeze", ""),
        line("freeze_ablate", ", primary"),
        line("ablate", ", zeroed and not frozen"),
        line("random_ablate", ""),
        line("sn_tune", ""),
        f"is refusal ({worst('freeze_ablate', 3, 'refused')}) and not broken text "
        f"({worst('freeze_ablate', 3, 'broken')}), at {cost.removeprefix('-')} of clean",
        f"An attack on 20 % still gets {worst('freeze_ablate', 3, fraction=0.2)}.",
        f"gate on {missed('dpo')} of the five seeds, `freeze_ablate` on {missed('freeze_ablate')}",
        f"are Holm's, over {rows('seeds', 'contrasts')['p_holm'].count()};",
        f"{literal_worst('freeze_ablate')} complied against {literal_worst('dpo')} of plain",
        f"{summary(write=difference, **contrast('literal', 'freeze_ablate'))};",
        f"but {literal_worst('freeze_ablate', 'broken')} of the answers",
        f"is {literal_clean('freeze_ablate', 'utility')} against {literal_clean('dpo', 'utility')}",
        f"over-refusal {literal_clean('freeze_ablate', 'over_refusal')}, and both arms miss the "
        f"gate on {missed('freeze_ablate', 'literal')} of",
        " and ".join(
            summary(write=difference, **contrast(language, "freeze_ablate"))
            for language in LANGUAGES
        ),
        f"whose {of_languages('dpo')} become {of_languages('freeze_ablate')}",
        "{} of the {} trainings freeze neurons".format(*frozen()),
        f"({by_seed(attack='written', target='write_sas', fraction=None)} against "
        f"{by_seed(attack='magnitude', target='sas', fraction=None)}, the same",
    ]


@pytest.mark.parametrize("claim", claims())
def test_readme_says_what_the_tables_do(claim):
    assert claim in SHOWS + SIGNED


def test_no_bit_of_the_trainings_that_freeze_moved():
    trained, moved = frozen()[1:]
    assert (trained, moved) == (105, 0)


def test_no_share_stands_in_the_results_without_a_row():
    text = SHOWS + SIGNED
    for claim in claims():
        text = text.replace(claim, "")
    assert re.findall(r"(?<![\w.])[-+]?\.\d+", text) == []
