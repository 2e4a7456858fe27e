"""Attacks on the weights, from the smallest organism to curves; pairs that leak are refused."""

import pyarrow.parquet as pq
import pytest

from workflow.checkout import Checkout

pytestmark = pytest.mark.workflow

SETTINGS = {
    "run": {"aligned": [], "attacks": ["back", "again", "plain"]},
    "attack": {
        "judges": ["oracle"],
        "attacks": {
            "back": {"kind": "interpolate", "strengths": [0.5, 1.0], "random_controls": 1},
            "again": {"kind": "relearn", "steps": [1, 3], "learning_rate": 1e-2},
            "plain": {"kind": "benign_tune", "steps": [2]},
        },
    },
    "report": {"case_studies": {"count": 0}},
}
RESULTS = "results/smallest"
FIGURE = f"{RESULTS}/figures/attack_curves/tiny/oracle.png"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory) -> Checkout:
    """The smallest organism under these attacks alone: nothing else of its experiment is made."""
    folder = tmp_path_factory.mktemp("attacked")
    checkout = Checkout.made(folder, "config/test/smallest.yaml")
    tables = [f"{RESULTS}/tables/{name}.parquet" for name in ("attack_curves", "worst_case")]
    checkout.snakemake("--cores", "2", *tables, FIGURE, settings=SETTINGS)
    return checkout


def rows(checkout, name):
    return pq.read_table(checkout.folder / RESULTS / f"{name}.parquet").to_pylist()


def test_every_strength_is_in_the_tables_beside_its_control(attacked):
    table = rows(attacked, "tables/attack_success")
    cells = [
        (row["attack"], row["operator"], row["target"], row["strength"], row["control_seed"])
        for row in table
        if row["category"] == "overall"
    ]
    assert len(cells) == 11
    assert set(cells) == {
        ("clean", "none", "none", None, None),
        *(("back", "interpolate", "weights", a, seed) for a in (0.5, 1) for seed in (None, 0)),
        *(("again", "relearn", "weights", steps, seed) for steps in (1, 3) for seed in (None, 0)),
        *(("plain", "benign_tune", "weights", 2, seed) for seed in (None, 0)),
    }  # fmt: skip
    assert all(row["utility"] is not None for row in table)
    curves = {(r["attack"], r["acted_on"]) for r in rows(attacked, "tables/attack_curves")}
    assert curves == {(name, "weights") for name in ("back", "again", "plain")}
    assert rows(attacked, "tables/worst_case") == []
    assert (attacked.folder / FIGURE).stat().st_size > 10_000


def test_all_of_the_base_answers_as_the_base_does(attacked):
    """The base is asked by a run of its own, to which it is an ordinary folder."""
    base = attacked.folder / RESULTS / "models/tiny/pretrained/s0/checkpoint"
    answers = f"{RESULTS}-base/responses/base/base/T0/s0/clean/harmful.parquet"
    own = {
        "experiment": "smallest-base",
        "models": {"base": {"kind": "local", "path": str(base), "dtype": "float32"}},
        "run": {"models": ["base"], "attacked": ["base"], "aligned": [], "attacks": []},
    }
    attacked.snakemake("--cores", "2", answers, settings=SETTINGS | own)
    expected = pq.read_table(attacked.folder / answers).to_pylist()
    found = rows(attacked, "responses/tiny/base/T0/s0/back/harmful")
    moved = [r for r in found if r["strength"] == 1 and r["control_seed"] is None]
    assert [r["response"] for r in moved] == [r["response"] for r in expected]
    assert [r["prompt_id"] for r in moved] == [r["prompt_id"] for r in expected]


def test_pairs_of_prompts_that_are_asked_are_refused(attacked):
    asked = {"split": "alignment", "dataset": "organism", "role": "harmful"}
    attack = SETTINGS["attack"] | {"benchmarks": {"harmful": asked}}
    overlap = f"{RESULTS}/tables/prompt_overlap.parquet"
    code, output = attacked.run(
        "--cores", "2", overlap, settings=SETTINGS | {"attack": attack}
    )  # fmt: skip
    assert code != 0
    assert "are also training prompts of 'preferences'" in output
