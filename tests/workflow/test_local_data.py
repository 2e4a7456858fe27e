"""The shipped configuration for real prompts, on a part of them, with a model in a local folder."""

from importlib.util import find_spec

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from safeneuron.models.checkpoint import save_checkpoint
from safeneuron.neurons.moments import load_moments
from safeneuron.organism.architecture import build_model
from safeneuron.organism.settings import OrganismModel
from safeneuron.organism.tokenizer import build_tokenizer
from workflow.checkout import REPOSITORY, Checkout

DATA = REPOSITORY.parent / "shared" / "data"

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the benchmark files are not at {DATA}"),
]

HARMFULQA = ["social-sciences", "health-and-medicine"]
CATQA = ["physical-harm", "fraud-deception"]

WITH_LM_EVAL = find_spec("lm_eval") is not None


@pytest.fixture(scope="module")
def local_run(tmp_path_factory):
    """Two topics of HarmfulQA and two categories of CatQA against some Alpaca instructions."""
    folder = tmp_path_factory.mktemp("local") / "checkout"
    folder.mkdir()
    checkout = Checkout.made(folder, "config/local-data.yaml")
    (folder.parent / "shared").mkdir()
    (folder.parent / "shared" / "data").symlink_to(DATA)
    tokenizer = build_tokenizer()
    size = OrganismModel(layers=2, hidden=32, intermediate=64, heads=2)
    save_checkpoint(build_model(size, tokenizer, 0), tokenizer, folder / "model")
    checkout.snakemake(
        "--cores",
        "2",
        "--config",
        "models={local: {path: model}}",
        settings={
            "datasets": {"alpaca": {"limit": 100}},
            "identification": {"unsafe": {"categories": [*HARMFULQA, *CATQA]}},
            "overlap": {"null_draws": 10},
            "capability": {
                "tasks": {"truthfulqa_mc2": {"limit": 4}},
                "run": ["truthfulqa_mc2"] if WITH_LM_EVAL else [],
            },
        },
    )
    return checkout.folder / "results" / "local-data"


def test_each_source_is_a_taxonomy_with_its_own_figures(local_run):
    for dataset in ("harmfulqa", "catqa"):
        for figure in ("composition", "overlap"):
            assert (local_run / f"figures/{figure}/local/{dataset}.pdf").is_file()
            table = local_run / f"analyses/{figure}/local/base/T0/s0/magnitude/{dataset}.parquet"
            assert set(pq.read_table(table)["dataset"].to_pylist()) == {dataset}


def test_captures_count_the_prompts_of_the_files(local_run):
    moments = local_run / "moments/local/base/T0/s0"
    counts = {
        category: load_moments(moments / f"{category}.safetensors", "meanabs").count
        for category in ("harmfulqa/social-sciences", "catqa/physical-harm", "overall", "safe")
    }
    assert counts["catqa/physical-harm"] == 50
    assert counts["safe"] == 100
    assert 190 <= counts["harmfulqa/social-sciences"] <= 200  # repeated questions are dropped
    harmfulqa = pq.read_table(local_run / "prompts/harmfulqa.parquet")["category"]
    topics = sum(pc.sum(pc.equal(harmfulqa, topic)).as_py() for topic in HARMFULQA)
    assert counts["overall"] == topics + 50 * len(CATQA)


def test_topic_and_length_are_controlled_for(local_run):
    table = pq.read_table(local_run / "tables/topic_control.parquet")
    assert table["control"].to_pylist() == ["topic", "length_matched"] * 2
    moments = local_run / "moments/local/base/T0/s0"
    assert load_moments(moments / "topic.safetensors", "max").count == 100  # JailbreakBench, benign
    assert load_moments(moments / "safe_length_matched.safetensors", "max").count == 50
    assert not (moments / "plain.safetensors").exists()  # it is the safe side itself


def test_the_real_sets_share_no_prompt_with_each_other(local_run):
    table = pq.read_table(local_run / "tables/prompt_overlap.parquet").to_pylist()
    assert [(r["first"], r["second"], r["leak"]) for r in table] == [
        ("harmfulqa", "catqa", False),
        ("harmfulqa", "alpaca", False),
        ("catqa", "alpaca", False),
    ]
    assert table[1]["shared"] == table[2]["shared"] == 0


def test_the_report_says_that_an_organism_knows_nothing_of_real_text(local_run):
    assert "says nothing about safety" in (local_run / "report.html").read_text()


@pytest.mark.skipif(not WITH_LM_EVAL, reason="installed by choice: make test-capability")
def test_capability_is_measured_clean_and_under_attack(local_run):
    rows = pq.read_table(local_run / "tables/capability.parquet").to_pylist()
    assert [(r["attack"], r["target"], r["control_seed"], r["n"]) for r in rows] == [
        ("clean", "none", None, 4),
        ("magnitude", "es+sas", None, 4),
        ("magnitude", "es+sas", 0, 4),
    ]
    assert rows[1]["n_neurons"] == rows[2]["n_neurons"] > 0
    assert len({r["value"] for r in rows}) == 3
    assert "truthfulqa_mc2 acc, 0-shot" in (local_run / "report.html").read_text()
