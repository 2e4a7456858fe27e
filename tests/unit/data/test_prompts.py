"""Prompt tables: what is written is what is read."""

import re
from collections import Counter, defaultdict

import pytest

from safeneuron.artifacts.tables import read_table
from safeneuron.data.prompt_settings import FileDataset
from safeneuron.data.prompts import (
    PROMPTS,
    prompt_tables,
    select_prompts,
    write_prompts,
)
from safeneuron.data.sources import prompt_rows, read_prompts
from safeneuron.errors import SourceError
from safeneuron.organism.language import SPLITS, Sentence
from safeneuron.organism.prompts import sentences, write_organism_prompts
from safeneuron.organism.settings import Language, SplitSize
from safeneuron.organism.vocabulary import CATEGORIES

SIZE = SplitSize(per_category=2, benign=3, lookalike=4, task=5)
LANGUAGE = Language(**dict.fromkeys(SPLITS, SIZE))


def write_file_prompts(table, dataset, path):
    source = FileDataset(path=str(path), text="question", category="topic", id="number")
    return write_prompts(table, dataset, prompt_rows(read_prompts(source)))


@pytest.fixture
def user_file(tmp_path):
    path = tmp_path / "questions.csv"
    path.write_text('number,topic,question\nx1,Fraud,"a, b"\nx2,Arms & Co,c\nx3,Fraud,"d\ne"\n')
    return path


@pytest.fixture(scope="module")
def organism_table(tmp_path_factory):
    path = tmp_path_factory.mktemp("prompts") / "organism.parquet"
    write_organism_prompts(path, "organism", LANGUAGE)
    return path


def test_file_prompts_come_back_as_written(user_file, tmp_path):
    table = tmp_path / "mine.parquet"
    assert write_file_prompts(table, "mine", user_file) == 3
    constant = {"dataset": "mine", "split": "identification", "image": None, "instruction": None}
    assert read_table(table, PROMPTS).to_pylist() == [
        {"prompt_id": id_, "cluster": id_, **constant, "category": category, "text": text}
        for id_, category, text in (
            ("x1", "fraud", "a, b"),
            ("x2", "arms-co", "c"),
            ("x3", "fraud", "d\ne"),
        )
    ]
    rows = read_table(table, PROMPTS).to_pylist()
    assert {r["prompt_id"]: r["text"] for r in rows} == {"x1": "a, b", "x2": "c", "x3": "d\ne"}


def test_a_bad_file_leaves_no_table(user_file, tmp_path):
    user_file.write_text("number,topic,question\nx1,Fraud,a\nx1,Fraud,b\n")
    table = tmp_path / "out" / "mine.parquet"
    with pytest.raises(SourceError, match="rows 1 and 2 have the same id 'x1'"):
        write_file_prompts(table, "mine", user_file)
    assert not table.parent.exists()


def test_organism_prompts_have_the_sizes_asked_for(organism_table):
    rows = read_table(organism_table, PROMPTS).to_pylist()
    one_split = dict.fromkeys(CATEGORIES, 2) | {"benign": 3, "lookalike": 4, "task": 5}
    assert Counter((row["split"], row["category"]) for row in rows) == {
        (split, category): count for split in SPLITS for category, count in one_split.items()
    }
    assert {row["dataset"] for row in rows} == {"organism"}


def test_organism_prompts_are_numbered_within_their_split(organism_table):
    ids = read_table(organism_table, PROMPTS)["prompt_id"].to_pylist()
    assert ids == [f"{split}-{number}" for split in SPLITS for number in range(32)]


def test_organism_prompts_of_one_verb_and_object_are_a_cluster_whatever_their_words(tmp_path):
    write_organism_prompts(tmp_path / "o.parquet", "o", Language())
    requests: dict[str, set[tuple[str, str]]] = defaultdict(set)
    clusters: dict[tuple[str, str], set[str]] = defaultdict(set)
    rows = select_prompts(tmp_path / "o.parquet", "evaluation").to_pylist()
    for row in rows:
        if row["category"] != "task":
            before, after = row["text"].split(" the ")
            pair = (before.split()[-1], after.split()[0])
            requests[row["cluster"]].add(pair)
            clusters[pair].add(row["cluster"])
    assert {len(pairs) for pairs in requests.values()} == {1}
    assert {len(names) for names in clusters.values()} == {1}
    harmful = [row["cluster"] for row in rows if row["category"] in CATEGORIES]
    assert (len(harmful), len(set(harmful))) == (200, 75)
    # no word of a prompt is in a name that stands in tables
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in harmful)
    sums = [row for row in rows if " plus " in row["text"]]
    assert sums and all(row["cluster"] == row["prompt_id"] for row in sums)


def test_organism_table_is_the_same_byte_for_byte(organism_table, tmp_path):
    again, other = tmp_path / "again.parquet", tmp_path / "other.parquet"
    assert write_organism_prompts(again, "organism", LANGUAGE) == 160
    write_organism_prompts(other, "organism", LANGUAGE.model_copy(update={"seed": 1}))
    assert again.read_bytes() == organism_table.read_bytes()
    assert other.read_bytes() != organism_table.read_bytes()


@pytest.mark.parametrize(
    ("split", "categories", "count"),
    [
        (None, None, 160),
        ("evaluation", None, 32),
        ("evaluation", ["weapons", "benign"], 5),
        (None, ["lookalike"], 20),
        ("evaluation", ["absent"], 0),
    ],
)
def test_select_prompts(organism_table, split, categories, count):
    rows = select_prompts(organism_table, split, categories).to_pylist()
    assert len(rows) == count
    assert {row["split"] for row in rows} <= ({split} if split else set(SPLITS))
    assert categories is None or {row["category"] for row in rows} <= set(categories)


def test_selected_prompts_keep_the_order_of_the_table(organism_table):
    rows = select_prompts(organism_table, "validation", ["benign", "violence"]).to_pylist()
    assert [row["category"] for row in rows] == ["violence"] * 2 + ["benign"] * 3


def test_sentences_are_the_rows_category_and_text(organism_table):
    table = select_prompts(organism_table, "identification", ["fraud"])
    texts = table["text"].to_pylist()
    assert sentences(table) == [Sentence("fraud", texts[0]), Sentence("fraud", texts[1])]


def test_two_tables_of_one_data_set_are_refused(organism_table):
    with pytest.raises(ValueError, match=r"holds the prompts of \['organism'\], beside"):
        prompt_tables([organism_table, organism_table])


def test_a_prompt_table_is_found_by_its_data_set_and_not_by_the_name_of_its_file(
    user_file, organism_table, tmp_path
):
    other = tmp_path / "organism.parquet"
    write_file_prompts(other, "mine", user_file)
    tables = prompt_tables([other, organism_table])
    assert {name: table.num_rows for name, table in tables.items()} == {"mine": 3, "organism": 160}
