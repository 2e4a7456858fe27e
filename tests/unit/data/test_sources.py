"""Prompts of users' files: every format gives the same rows, and what an entry may ask."""

import json
import re
from collections import Counter

import pytest

from safeneuron.data.sources import Prompt, prompt_rows, read_prompts, slug
from unit.data.source_files import (
    RECORDS,
    fault,
    listed,
    nested,
    source,
    write_csv,
    write_records,
    write_text,
)

PROMPTS = [
    Prompt("q-1", "hate-harass", "identification", 'Say "no", please'),
    Prompt("q-2", "fraud", "identification", "first line\nsecond line"),
    Prompt("q-3", "hate-harass", "identification", "¿Dónde está? 日本語 🙂"),
]


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_every_format_gives_the_same_prompts(tmp_path, ending):
    path = write_records(tmp_path / f"prompts.{ending}", RECORDS)
    assert read_prompts(source(path, id="id")) == PROMPTS


def test_nested_json(tmp_path):
    topics = {"Social Sciences": {"Law": ["a", "b"], "Press:": ["c"]}, "Arts:": ["d"]}
    path = write_text(tmp_path / "topics.json", json.dumps(topics))
    assert read_prompts(nested(path, split="evaluation")) == [
        Prompt("1", "social-sciences", "evaluation", "a"),
        Prompt("2", "social-sciences", "evaluation", "b"),
        Prompt("3", "social-sciences", "evaluation", "c"),
        Prompt("4", "arts", "evaluation", "d"),
    ]


def test_columns_may_have_any_name_and_order(tmp_path):
    path = write_csv(tmp_path / "p.csv", [("Topic", "note", "Question?"), ("Fraud", "x", "why")])
    (prompt,) = read_prompts(source(path, text="Question?", category="Topic"))
    assert prompt == Prompt("1", "fraud", "identification", "why")


def test_constant_category_needs_no_column(tmp_path):
    path = write_csv(tmp_path / "p.csv", [("text",), ("one",), ("two",)])
    prompts = read_prompts(source(path, category=None, constant_category="Safe prompts"))
    assert [p.category for p in prompts] == ["safe-prompts", "safe-prompts"]


def test_rows_with_one_value_in_the_cluster_column_are_variants_of_one_request(tmp_path):
    base = ["why is it so", "how", "why is it so"]
    records = [record | {"base": text} for record, text in zip(RECORDS, base, strict=True)]
    for ending in ("csv", "json", "jsonl", "parquet"):
        path = write_records(tmp_path / f"p.{ending}", records)
        first, other, variant = (r["cluster"] for r in prompt_rows(read_prompts(
            source(path, id="id", cluster="base")
        )))  # fmt: skip
        assert first == variant != other
        assert re.fullmatch("[0-9a-f]{16}", first)  # the value itself is text of a prompt
        apart = prompt_rows(read_prompts(source(path, id="id")))
        assert [row["cluster"] for row in apart] == ["q-1", "q-2", "q-3"]


def test_rows_are_numbered_without_an_id_column(tmp_path):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert [p.id for p in read_prompts(source(path))] == ["1", "2", "3"]


def test_space_around_a_prompt_is_dropped(tmp_path):
    path = write_csv(tmp_path / "p.csv", [("text", "category"), ("  in  between \n", "a")])
    assert [p.text for p in read_prompts(source(path))] == ["in  between"]


def test_csv_of_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path):
    path = write_text(tmp_path / "p.csv", "\ufefftext,category\r\nwhy,a\r\n")
    assert [p.text for p in read_prompts(source(path))] == ["why"]


def test_numbers_are_good_ids(tmp_path):
    records = [record | {"id": number} for number, record in enumerate(RECORDS, start=10)]
    for ending in ("csv", "json", "jsonl", "parquet"):
        path = write_records(tmp_path / f"p.{ending}", records)
        assert [p.id for p in read_prompts(source(path, id="id"))] == ["10", "11", "12"]


def test_ids_of_a_csv_are_text_and_keep_their_zeros(tmp_path):
    rows = [("id", "text", "category"), ("007", "a", "x"), ("7", "b", "x"), ("1.50", "c", "x")]
    path = write_csv(tmp_path / "p.csv", rows)
    assert [p.id for p in read_prompts(source(path, id="id"))] == ["007", "7", "1.50"]


@pytest.mark.parametrize("word", ["12", "3.5", "true", "2024-01-31", "NA"])
def test_cells_of_a_csv_are_text(tmp_path, word):
    path = write_csv(tmp_path / "p.csv", [("text", "category"), (word, word)])
    (prompt,) = read_prompts(source(path))
    assert (prompt.text, prompt.category) == (word, slug(word))


def test_line_separators_within_a_prompt_do_not_end_a_json_line(tmp_path):
    record = {"text": "one\u2028two\x85three", "category": "a"}
    path = write_records(tmp_path / "p.jsonl", [record])
    assert [p.text for p in read_prompts(source(path))] == [record["text"]]


def test_deduplicate_keeps_the_first_of_equal_prompts(tmp_path):
    rows = [("text", "category"), ("same", "a"), ("other", "a"), (" same ", "b"), ("Same", "a")]
    path = write_csv(tmp_path / "p.csv", rows)
    kept = [(p.id, p.category, p.text) for p in read_prompts(source(path, deduplicate=True))]
    assert kept == [("1", "a", "same"), ("2", "a", "other"), ("4", "a", "Same")]
    assert len(read_prompts(source(path))) == 4


@pytest.mark.parametrize(("limit", "of_each"), [(2, (1, 1)), (6, (4, 2)), (100, (8, 4))])
def test_limit_is_a_draw_in_proportion_to_the_categories_and_keeps_the_files_order(
    tmp_path, limit, of_each
):
    rows = [(f"{kind} {n}", kind) for kind in ("a", "b") for n in range(8 if kind == "a" else 4)]
    path = write_csv(tmp_path / "p.csv", [("text", "category"), *rows])
    prompts = read_prompts(source(path, limit=limit))
    assert Counter(p.category for p in prompts) == dict(zip("ab", of_each, strict=True))
    ids = [int(p.id) for p in prompts]
    assert ids == sorted(ids)
    assert prompts == read_prompts(source(path, limit=limit, seed=0))


def test_another_seed_draws_other_prompts(tmp_path):
    path = write_csv(tmp_path / "p.csv", [("text",), *((f"p {n}",) for n in range(50))])
    keys = {"category": None, "constant_category": "c", "limit": 10}
    drawn = {seed: {p.id for p in read_prompts(source(path, **keys, seed=seed))} for seed in (0, 1)}
    assert [len(ids) for ids in drawn.values()] == [10, 10]
    assert drawn[0] != drawn[1]


def test_limit_counts_after_deduplication(tmp_path):
    rows = [("text", "category"), ("a", "x"), ("a", "x"), ("b", "x"), ("c", "x")]
    path = write_csv(tmp_path / "p.csv", rows)
    texts = [p.text for p in read_prompts(source(path, deduplicate=True, limit=3))]
    assert texts == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"category": ["Fraud"]}, ["q-2"]),
        ({"category": ["Hate/Harass"]}, ["q-1", "q-3"]),
        ({"category": ["Hate/Harass", "Fraud"]}, ["q-1", "q-2", "q-3"]),
        ({"category": ["Hate/Harass"], "id": ["q-3", "q-2"]}, ["q-3"]),
    ],
)
def test_where_keeps_the_rows_with_one_of_the_values(tmp_path, where, ids):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert [p.id for p in read_prompts(source(path, id="id", where=where))] == ids


def test_where_may_name_flags_and_numbers(tmp_path):
    records = [{**r, "safe": n == 1, "level": n} for n, r in enumerate(RECORDS)]
    path = write_records(tmp_path / "p.parquet", records)
    assert [p.id for p in read_prompts(source(path, where={"safe": [True]}))] == ["2"]
    assert [p.id for p in read_prompts(source(path, where={"level": [0, 2]}))] == ["1", "3"]


def test_rows_that_where_leaves_out_may_be_empty_and_do_not_count(tmp_path):
    records = [{"text": "", "category": "x"}, *RECORDS[1:], RECORDS[1] | {"text": "more"}]
    path = write_records(tmp_path / "p.json", records)
    kept = read_prompts(source(path, where={"category": ["Fraud"]}, limit=2))
    assert [(p.id, p.text) for p in kept] == [("2", "first line\nsecond line"), ("4", "more")]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_list_of_strings_is_a_list_of_prompts(tmp_path, ending):
    prompts = ["first ", 'with "quotes"\nand a line', "first"]
    lines = "\n".join(map(json.dumps, prompts))
    path = write_text(tmp_path / f"p.{ending}", lines if ending == "jsonl" else json.dumps(prompts))
    assert read_prompts(listed(path)) == [
        Prompt("1", "all", "identification", "first"),
        Prompt("2", "all", "identification", 'with "quotes"\nand a line'),
        Prompt("3", "all", "identification", "first"),
    ]
    some = read_prompts(
        listed(path, constant_category="Arson", split="evaluation", deduplicate=True)
    )
    assert [(p.id, p.category, p.split) for p in some] == [
        ("1", "arson", "evaluation"),
        ("2", "arson", "evaluation"),
    ]
    assert fault(listed(write_text(path, '["a", " "]' if ending == "json" else '"a"\n" "'))) == (
        "row 2 has an empty prompt"
    )


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Hate/Harass/Violence", "hate-harass-violence"),
        ("  Tailored   Financial Advice: ", "tailored-financial-advice"),
        ("cybercrime_intrusion", "cybercrime-intrusion"),
        ("../up", "up"),
        ("S1", "s1"),
    ],
)
def test_slug(name, path):
    assert slug(name) == path
    assert slug(path) == path
