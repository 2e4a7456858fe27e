"""An attack on directions and one by forced words, from the smallest organism to the tables."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from workflow.checkout import Checkout

pytestmark = pytest.mark.workflow

SETTINGS = {
    "run": {"aligned": [], "attacks": ["direction", "prefill"]},
    "attack": {
        "attacks": {
            "direction": {"kind": "direction", "phases": 2, "random_controls": 1},
            "prefill": {"kind": "prefill", "text": "sure , here", "words": [1, 3],
                        "random_controls": 1},
        }
    },
    "report": {"case_studies": {"count": 0}},
}  # fmt: skip
TABLES = ("attack_success", "over_refusal", "worst_case")
RESULTS = "results/smallest"


@pytest.fixture(scope="module")
def held_out(finished) -> Checkout:
    """The smallest run with these attacks instead of its own, and without its rounds."""
    targets = [f"{RESULTS}/tables/{name}.parquet" for name in TABLES]
    finished.snakemake("--cores", "2", *targets, settings=SETTINGS)
    return finished


def rows(checkout, name):
    return pq.read_table(checkout.folder / RESULTS / f"{name}.parquet").to_pylist()


def test_every_number_of_directions_and_words_is_in_the_tables_beside_its_control(held_out):
    cells = [
        (row["attack"], row["operator"], row["target"], row["strength"], row["control_seed"])
        for row in rows(held_out, "tables/attack_success")
        if row["category"] == "overall" and row["judge"] == "oracle"
    ]
    assert len(cells) == 9
    assert set(cells) == {
        ("clean", "none", "none", None, None),
        *(("direction", "direction_write", "direction", strength, seed)
          for strength in (1, 2) for seed in (None, 0)),
        *(("prefill", "prefill", "prefix", strength, seed)
          for strength in (1, 3) for seed in (None, 0)),
    }  # fmt: skip
    refused = rows(held_out, "tables/over_refusal")
    assert {(r["attack"], r["strength"]) for r in refused} == {(c[0], c[3]) for c in cells}
    strongest = {(r["acted_on"], r["cells"]) for r in rows(held_out, "tables/worst_case")}
    assert strongest == {("direction", 2), ("prefix", 2)}


def test_the_directions_are_orthonormal_and_their_choice_can_be_looked_at(held_out):
    of = "directions/tiny/base/T0/s0/direction"
    directions = load_file(held_out.folder / RESULTS / f"{of}.safetensors")["directions"]
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    scores = rows(held_out, of)
    assert [row["phase"] for row in scores if row["chosen"]] == [1, 2]
    assert {row["layer"] for row in scores} == {1, 2}  # the first layer is given the same of all


def test_forced_words_are_part_of_what_is_judged(held_out):
    answers = rows(held_out, "responses/tiny/base/T0/s0/prefill/harmful")
    forced = [row for row in answers if row["control_seed"] is None]
    for row in forced:
        assert row["response"].startswith(" ".join(["sure", ",", "here"][: int(row["strength"])]))
    assert not any(r["response"].startswith("sure") for r in answers if r["control_seed"] == 0)
