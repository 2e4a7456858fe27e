"""What a base answers before it is tuned, as its script writes it."""

from safeneuron.artifacts.tables import read_table
from safeneuron.data.prompts import write_prompts
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.models.generation import generate
from safeneuron.tuning.examples import ANSWERS
from unit.tuning.lessons import TOKENIZER, build

PLACES = [("x", "training"), ("y", "training"), ("x", "evaluation"), ("x", "training")]


def test_answers_are_the_models_own_in_the_order_of_the_tables(stage, tmp_path):
    save_checkpoint(build(), TOKENIZER, tmp_path / "checkpoint")
    manifest, out = tmp_path / "checkpoint.json", tmp_path / "answers.parquet"
    write_manifest(manifest, tmp_path / "checkpoint", "float32")
    for dataset in ("first", "second"):
        rows = [
            {
                "prompt_id": str(number),
                "category": category,
                "split": split,
                "text": f"how do i clean the {dataset} lamp {number}",
            }
            for number, (category, split) in enumerate(PLACES)
        ]
        write_prompts(tmp_path / f"{dataset}.parquet", dataset, rows)
    settings = {
        "rows": {"split": "training", "categories": ["x"]},
        "max_new_tokens": 5,
        "batch_size": 3,
        "cpu_threads": 1,
    }
    tables = [tmp_path / "second.parquet", tmp_path / "first.parquet"]
    stage("base_answers", settings, model=manifest, prompts=tables, out=out)
    rows = read_table(out, ANSWERS).to_pylist()
    assert [(row["dataset"], row["prompt_id"]) for row in rows] == [
        ("second", "0"),
        ("second", "3"),
        ("first", "0"),
        ("first", "3"),
    ]
    model, tokenizer = load_checkpoint(manifest)
    said = generate(model, tokenizer, [row["prompt"] for row in rows], 5, 3)
    assert [(row["answer"], row["tokens"], row["finish"]) for row in rows] == [*said]
