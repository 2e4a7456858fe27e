"""Bad data files and entries, one by one: refused before any job, by file, key and remedy."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.experiment.checks import check_inputs

GOOD = [
    {"question": f"{topic} {n}?", "topic": topic} for topic in ("Arson", "Bribery") for n in (1, 2)
]


def settings(path, **keys):
    """The unsafe side is a file, the safe side the organism's."""
    columns = {} if keys.get("nested") else {"text": "question", "category": "topic"}
    dataset = {"kind": "file", "path": str(path), **columns, **keys}
    return {
        "datasets": {"organism": {"kind": "organism"}, "mine": dataset},
        "identification": {"unsafe": {"datasets": ["mine"]}},
    }


def refusal(raw, results) -> str:
    """What is said, and that nothing was written."""
    before = sorted(results.parent.rglob("*"))
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(raw), results)
    assert sorted(results.parent.rglob("*")) == before
    return str(caught.value)


def write(path: Path, content) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def parquet(path: Path, rows) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def csv(*lines):
    return "\n".join(["question,topic", *lines]) + "\n"


BAD_FILES = [
    ("empty.csv", "", "the file is empty (0 bytes)"),
    ("empty.json", "", "the file is empty (0 bytes)"),
    ("no-rows.jsonl", "\n", "no rows in it"),
    ("empty-text.csv", csv("a,Arson", ",Arson"), "row 2 has an empty prompt"),
    (
        "no-column.csv",
        "prompt,topic\na,Arson\n",
        "no column 'question' (config key 'text'); it has",
    ),
    ("no-category.csv", "question,kind\na,Arson\n", "no column 'topic' (config key 'category')"),
    ("ragged.csv", csv("a, b,Arson"), "Expected 2 columns, got 3"),
    (
        "number.json",
        [*GOOD, {"question": 7, "topic": "Arson"}],
        "row 5 has no text in column 'question'",
    ),
    ("list.json", [{"question": ["a"], "topic": "Arson"}], "but a value of type list"),
    (
        "null.json",
        [{"question": "a", "topic": None}],
        "column 'topic' (config key 'category'), but nothing",
    ),
    ("nested.json", {"Arson": {"Barns": ["a"]}}, "for topics of prompts set 'nested'"),
    ("texts.json", ["a", "b"], "for a list of prompts leave out nested, text, category,"),
    ("page.json", "<!DOCTYPE html>", "not valid JSON ("),
    ("half.jsonl", '{"question": "a", "topic": "Arson"}\n{"question"', "line 2: not valid JSON ("),
    ("half.parquet", b"PAR1 and no more", "not a readable parquet file ("),
    ("latin.csv", csv("caf\xe9,Arson").encode("latin-1"), "save it as UTF-8"),
    ("pointer.parquet", "version https://git-lfs.github.com/spec/v1\n", "get it with git lfs pull"),
    ("unicode.csv", csv("a,暴力"), "which names no folder; use one with ASCII letters"),
    ("prompts.csv.part", csv("a,Arson"), "it looks like an unfinished download"),
]


@pytest.mark.parametrize(("name", "content", "says"), BAD_FILES, ids=[b[0] for b in BAD_FILES])
def test_a_bad_file(tmp_path, name, content, says):
    path = write(tmp_path / name, content)
    text = refusal(settings(path), tmp_path / "results")
    assert text.startswith(f"datasets.mine: {path}: ")
    assert says in text


def test_a_parquet_file_with_numbers_where_text_is_expected(tmp_path):
    path = parquet(tmp_path / "p.parquet", [{"question": 1.5, "topic": "Arson"}])
    text = refusal(settings(path), tmp_path / "results")
    assert text == (
        f"datasets.mine: {path}: row 1 has no text in column 'question' (config key 'text'), "
        "but a value of type float"
    )


def test_rows_where_topics_were_expected(tmp_path):
    path = write(tmp_path / "p.json", GOOD)
    text = refusal(settings(path, nested=True), tmp_path / "results")
    assert "'nested' expects an object of topics (found: a list of objects)" in text


def test_a_filter_that_leaves_nothing(tmp_path):
    path = write(tmp_path / "p.json", GOOD)
    text = refusal(settings(path, where={"topic": ["arson"]}), tmp_path / "results")
    assert text.endswith("asks; topic is 'Arson', 'Bribery'")


def test_a_filter_on_a_column_that_is_not_there(tmp_path):
    path = write(tmp_path / "p.json", GOOD)
    text = refusal(settings(path, where={"label": ["unsafe"]}), tmp_path / "results")
    assert "no column 'label' (config key 'where.label'); it has ['question', 'topic']" in text


def test_a_control_with_a_category_that_is_not_there(tmp_path):
    control = {"matched": {"datasets": ["organism"], "categories": ["lookalikes"]}}
    text = refusal(
        {"topic_control": {**control, "plain": {"datasets": ["organism"]}}}, tmp_path / "r"
    )
    assert text.startswith("topic_control.matched.categories: 'lookalikes' is not a category of ")
    assert "did you mean 'lookalike'?" in text


def aligned(sources, **keys):
    return {
        "preferences": {"organism": {"kind": "organism"}, **sources},
        "align": {"preferences": {"sources": list(sources), **keys}},
        "run": {"models": ["organism"], "attacked": [], "aligned": ["organism"]},
    }


def test_a_file_of_pairs_that_is_not_there(tmp_path):
    pairs = {"kind": "file", "path": str(tmp_path / "pairs.json"), "role": "safety"}
    text = refusal(aligned({"mine": pairs}), tmp_path / "results")
    assert text == f"preferences.mine: {tmp_path / 'pairs.json'}: no such file"


def test_a_file_of_pairs_that_is_not_used_is_not_looked_at(tmp_path):
    pairs = {"kind": "file", "path": str(tmp_path / "pairs.json"), "role": "safety"}
    raw = aligned({"mine": pairs}) | {"run": {"models": ["organism"], "attacked": []}}
    check_inputs(load_config(raw), tmp_path / "results")


def hub(**keys):
    dataset = {"kind": "hub", "hub": {"id": "owner/name"}, "text": "prompt", **keys}
    return {
        "datasets": {"organism": {"kind": "organism"}, "mine": dataset},
        "identification": {"unsafe": {"datasets": ["mine"]}},
    }


def test_categories_of_a_hub_set_are_known_before_the_download(tmp_path):
    raw = hub(category="topic", categories=["arson", "bribery"])
    catalog = check_inputs(load_config(raw), tmp_path / "results")
    assert list(catalog["mine"]) == [("identification", "arson"), ("identification", "bribery")]
    catalog = check_inputs(load_config(hub(constant_category="Any Harm")), tmp_path / "results")
    assert list(catalog["mine"]) == [("identification", "any-harm")]


def test_a_category_of_a_hub_set_that_is_not_written_as_in_the_table(tmp_path):
    text = refusal(hub(category="topic", categories=["Hate/Harass"]), tmp_path / "results")
    assert text == (
        "datasets.mine.categories: 'Hate/Harass' is not written as in the prompt table; there it "
        "is 'hate-harass'"
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (hub(category="topic"), "'categories' lists what the column 'category' holds; give both"),
        (hub(constant_category="a", categories=["a"]), "give both or neither"),
        (
            hub(category="topic", categories=["a", "b"], limit=1),
            "limit: 1 keeps prompts of so",
        ),
        (hub(), "give exactly one of 'category' and 'constant_category'"),
        (hub(constant_category="a", hub={"id": "x/y", "splitt": "a"}), "did you mean 'split'?"),
        (hub(constant_category="a", where={"label": []}), "at least 1 item"),
        (settings("p.json", nested=True, where={"a": ["b"]}), "a nested file has no columns: drop"),
        (
            aligned({"mine": {"kind": "file", "path": "p.json", "role": "saftey"}}),
            "must be one of safety, general, did you mean 'safety'?",
        ),
        (
            aligned(
                {"mine": {"kind": "file", "path": "p.json", "role": "safety", "layout": "pku"}}
            ),
            "preferences.mine.layout: must be one of columns, answers, messages",
        ),
        ({"align": {"preferences": {"sources": ["pku"]}}}, "'pku' is not in 'preferences'"),
        (
            {"align": {"preferences": {"pairs": None}}},
            "'pairs' is needed where 'sources' are the organism's",
        ),
        ({"allow_overlap": [["organism", "harmfull"]]}, "did you mean 'harmful'?"),
        ({"allow_overlap": [["pku", "harmful"]]}, "allow_overlap: 'pku' is not in 'identification"),
        ({"allow_overlap": [["organism"]]}, "at least 2 items"),
    ],
    ids=[
        *(
            "no list of categories",
            "a list without a column",
            "limit",
            "no category",
            "key of the hub",
        ),
        *("where without values", "where of a nested file", "role", "layout", "unknown source"),
        *("no count for the organism", "benchmark", "set", "no pair"),
    ],
)
def test_a_bad_entry(raw, says):
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    assert says in str(caught.value)


def test_the_organisms_pairs_are_not_mixed_with_others():
    pairs = {"kind": "file", "path": "p.json", "role": "safety"}
    raw = aligned({"organism": {"kind": "organism"}, "mine": pairs})
    with pytest.raises(
        ConfigError, match=r"mixes the organism's pairs with others; use them alone"
    ):
        load_config(raw)


def test_too_few_safe_prompts_for_the_nulls_of_overlap_name_the_way_out(tmp_path):
    unsafe = write(tmp_path / "unsafe.json", GOOD)
    safe = write(tmp_path / "safe.json", [{"question": f"{n}?", "topic": "safe"} for n in range(5)])
    raw = settings(unsafe)
    raw["datasets"]["safe"] = raw["datasets"]["mine"] | {"path": str(safe)}
    raw["identification"] = {
        "unsafe": {"datasets": ["mine"]},
        "safe": {"datasets": ["safe"], "categories": None},
    }
    assert refusal(raw, tmp_path / "r") == (
        "identification.nulls, on the categories of 'mine': 5 safe prompts are too few to be dealt "
        "into 2 groups and a side that these are contrasted with; at least 6 are needed; add safe "
        "prompts, or leave these nulls out with draws: 0"
    )
