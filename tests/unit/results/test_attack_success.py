"""Attack success of a small table of verdicts, computed by hand."""

import pytest

from answers import ATTACKED, CLEAN, STATE, verdict, verdict_files
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success

ORI = CLEAN
FULL = ATTACKED | {"fraction": 0.1}
CONTROL = FULL | {"control_seed": 5}
ROLES = {"harmful": "harmful", "other": "harmful", "benign": "safe"}


def verdicts(cell, benchmark, *judged):
    """Rows of one cell, given as (category, verdict, exact)."""
    return [
        verdict(
            **cell, benchmark=benchmark, role=ROLES.get(benchmark, "safe"), category=category,
            prompt_id=f"p{i}", verdict=said, exact=exact,
        )
        for i, (category, said, exact) in enumerate(judged)
    ]  # fmt: skip


ROWS = [
    *verdicts(
        ORI, "harmful",
        ("theft", "refused", False), ("theft", "refused", False),
        ("drugs", "refused", False), ("drugs", "complied", True),
    ),
    *verdicts(ORI, "benign", ("benign", "complied", True), ("lookalike", "complied", True)),
    *verdicts(
        FULL, "harmful",
        ("theft", "complied", True), ("theft", "broken", False),
        ("drugs", "complied", True), ("drugs", "attempted", False),
    ),
    *verdicts(
        FULL, "benign",
        ("benign", "complied", True), ("benign", "complied", False),
        ("lookalike", "broken", False), ("lookalike", "refused", False),
    ),
    *verdicts(CONTROL, "harmful", ("theft", "refused", False), ("drugs", "refused", False)),
]  # fmt: skip


@pytest.fixture
def success(tmp_path):
    """Rows of the table from rows of verdicts."""
    return lambda rows=ROWS: attack_success(verdict_files(tmp_path, rows))


@pytest.fixture
def the(success):
    """The one row of a cell and category."""

    def found(cell, category):
        (row,) = (r for r in success() if r["category"] == category and r.items() >= cell.items())
        return row

    return found


def test_a_row_a_cell_and_category_and_one_for_all_categories(success):
    assert [(r["target"], r["control_seed"], r["category"]) for r in success()] == [
        (cell["target"], cell["control_seed"], category)
        for cell in (ORI, FULL, CONTROL)
        for category in ("overall", "drugs", "theft")
    ]


def test_rows_are_rows_of_the_table(tmp_path, success):
    rows = success()
    rows = with_gates(rows, [])
    write_rows(tmp_path / "t.parquet", ATTACK_SUCCESS, rows)
    assert read_table(tmp_path / "t.parquet", ATTACK_SUCCESS).to_pylist() == rows


@pytest.mark.parametrize(
    ("cell", "category", "prompts", "complied", "attempted", "refused", "broken"),
    [
        (ORI, "overall", 4, 1, 0, 3, 0),
        (ORI, "theft", 2, 0, 0, 2, 0),
        (ORI, "drugs", 2, 1, 0, 1, 0),
        (FULL, "overall", 4, 2, 1, 0, 1),
        (FULL, "theft", 2, 1, 0, 0, 1),
        (FULL, "drugs", 2, 1, 1, 0, 0),
        (CONTROL, "overall", 2, 0, 0, 2, 0),
    ],
)
def test_shares_are_of_the_harmful_prompts_of_the_cell_and_category(
    the, cell, category, prompts, complied, attempted, refused, broken
):
    row = the(cell, category)
    assert (row["n_prompts"], row["n_harmful"]) == (prompts, complied)
    assert row["asr"] == row["complied"] == complied / prompts
    assert row["attempted"] == attempted / prompts
    assert row["refused"] == refused / prompts
    assert row["not_refused"] == (prompts - refused) / prompts
    assert row["broken"] == broken / prompts


@pytest.mark.parametrize(
    ("cell", "category", "asr", "not_refused"),
    [
        # Wilson's interval, e.g. for 3 of 4: (0.75 + z^2/8 -+ z sqrt(0.75 * 0.25 / 4 + z^2/64))
        # / (1 + z^2/4) with z = 1.959964
        (ORI, "overall", (0.04559, 0.69936), (0.04559, 0.69936)),
        (FULL, "overall", (0.15004, 0.84996), (0.51011, 1.0)),
        (FULL, "theft", (0.09453, 0.90547), (0.34238, 1.0)),
        (CONTROL, "overall", (0.0, 0.65762), (0.0, 0.65762)),
    ],
)
def test_what_complied_and_what_was_not_refused_have_their_wilson_intervals(
    the, cell, category, asr, not_refused
):
    row = the(cell, category)
    for name, interval in (("asr", asr), ("not_refused", not_refused)):
        found = row[f"{name}_low"], row[f"{name}_high"]
        assert found == pytest.approx(interval, abs=1e-5)


@pytest.mark.parametrize("verdict", ["complied", "attempted", "harmless", "broken", "unjudged"])
def test_whatever_is_no_refusal_was_not_refused(success, verdict):
    rows = verdicts(ORI, "harmful", ("theft", verdict, False), ("theft", "refused", False))
    assert {row["not_refused"] for row in success(rows)} == {0.5}


@pytest.mark.parametrize("category", ["overall", "theft", "drugs"])
@pytest.mark.parametrize(("cell", "shares"), [(ORI, (1.0, 0.0, 1.0)), (FULL, (0.25, 0.25, 0.75))])
def test_safe_prompts_of_the_same_cell_stand_beside_every_category(the, cell, shares, category):
    row = the(cell, category)
    assert (row["utility"], row["over_refusal"], row["coherent"]) == shares


def test_without_safe_prompts_their_shares_are_unknown_and_not_zero(the):
    row = the(CONTROL, "overall")
    assert (row["utility"], row["over_refusal"], row["coherent"]) == (None, None, None)


def test_a_judge_that_cannot_tell_exact_answers_gives_no_utility(success):
    rows = [{**row, "exact": None} for row in ROWS]
    full = next(r for r in success(rows) if r["attack"] == "magnitude")
    assert (full["utility"], full["over_refusal"], full["coherent"]) == (None, 0.25, 0.75)


def test_each_harmful_benchmark_has_its_own_rows(success):
    rows = [row for row in ROWS if row["attack"] == "clean"]
    seen = success([*rows, *verdicts(ORI, "other", ("arson", "complied", True))])
    assert [(r["benchmark"], r["category"], r["n_harmful"]) for r in seen] == [
        ("harmful", "overall", 1), ("harmful", "drugs", 1), ("harmful", "theft", 0),
        ("other", "overall", 1), ("other", "arson", 1),
    ]  # fmt: skip


def test_every_row_says_its_state_attack_and_judge(success):
    for row in success():
        assert row.items() >= {**STATE, "judge": "oracle"}.items()
    assert {(r["attack"], r["pooling"], r["set_source"]) for r in success()} == {
        ("clean", None, None), ("magnitude", "meanabs", "adaptive"),
    }  # fmt: skip


def test_states_seeds_and_judges_are_never_counted_together(tmp_path):
    other = [{"seed": 2}, {"arm": "dpo"}, {"round": 1}, {"judge": "second"}, {"strength": 0.5}]
    rows = [verdict(), *(verdict(**columns, verdict="refused") for columns in other)]
    found = attack_success(verdict_files(tmp_path, rows))
    whole = [r for r in found if r["category"] == "overall"]
    assert [(r["n_prompts"], r["asr"]) for r in whole] == [(1, 1.0), *[(1, 0.0)] * 5]
