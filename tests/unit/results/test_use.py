"""Prompts that attacks are chosen by stand in the files of verdicts, and in no reported number."""

import pandas as pd

from answers import CLEAN, verdict, verdict_files
from safeneuron.artifacts.tables import write_rows
from safeneuron.data.prompts import write_prompts
from safeneuron.interventions.schemas import VALIDATION, VERDICTS
from safeneuron.results.attack_success import attack_success
from safeneuron.results.judge_agreement import judge_agreement
from safeneuron.results.outcomes import cell_of, read_outcomes
from safeneuron.results.over_refusal import over_refusal

SAFE = {"benchmark": "benign", "role": "safe"}


def rows(use, number, harmful, safe, judge="oracle"):
    """So many harmful and safe prompts of a use, with one verdict each."""
    sides = (({}, harmful, "h"), (SAFE, safe, "s"))
    return [
        verdict(**CLEAN, **columns, use=use, judge=judge, verdict=said, exact=said == "complied",
                prompt_id=f"{use}-{letter}{i}")
        for columns, said, letter in sides for i in range(number)
    ]  # fmt: skip


BOTH = rows("evaluation", 4, "refused", "complied") + rows("validation", 3, "complied", "refused")


def files(folder):
    folder.mkdir()
    return verdict_files(folder, BOTH)


def test_attack_success_counts_what_is_reported_unless_it_is_asked_for_the_others(tmp_path):
    found = files(tmp_path / "verdicts")
    reported = attack_success(found)
    assert {(r["n_prompts"], r["asr"], r["utility"]) for r in reported} == {(4, 0.0, 1.0)}
    others = attack_success(found, VALIDATION)
    assert {(r["n_prompts"], r["asr"], r["utility"]) for r in others} == {(3, 1.0, 0.0)}


def test_over_refusal_counts_what_is_reported(tmp_path):
    shown = over_refusal(files(tmp_path / "verdicts"))
    assert {(r["n_prompts"], r["n_refused"]) for r in shown} == {(4, 0)}


def test_judges_are_compared_on_what_is_reported(tmp_path):
    other = [row | {"judge": "other", "verdict": "broken"} for row in BOTH]
    (tmp_path / "verdicts").mkdir()
    (row,) = judge_agreement(verdict_files(tmp_path / "verdicts", BOTH + other))
    assert (row["n_prompts"], row["neither"]) == (4, 4)


def test_outcomes_are_of_what_is_reported(tmp_path):
    write_rows(tmp_path / "verdicts.parquet", VERDICTS, BOTH)
    ids = [{"prompt_id": row["prompt_id"], "category": "c", "split": row["use"], "text": ""}
           for row in BOTH]  # fmt: skip
    write_prompts(tmp_path / "prompts.parquet", "d", ids)
    outcomes = read_outcomes([tmp_path / "verdicts.parquet"], [tmp_path / "prompts.parquet"])
    cells = pd.DataFrame([{"seed": 1, "benchmark": "harmful", "cell": cell_of(BOTH[0])}])
    for column in ("refused", "utility"):
        sample = outcomes.sample(cells, column)
        assert sample is not None and sample.values.tolist() == [[1.0] * 4]
