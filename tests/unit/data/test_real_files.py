"""The public benchmark files have the counts that were published. Counts only: no text is shown."""

from collections import Counter
from pathlib import Path

import pytest

from safeneuron.data.normalise import normalise
from safeneuron.data.pair_settings import PairColumns
from safeneuron.data.pair_sources import read_pairs
from safeneuron.data.records import file_records
from safeneuron.data.sources import read_prompts
from unit.data.source_files import source

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no benchmark files in ../shared/data beside the repository"
)


STRONGREJECT_20 = {
    "non-violent-crimes": 4,  # of 59
    "violence": 4,  # of 54
    "disinformation-and-deception": 3,  # of 50, as are those below
    "hate-harassment-and-discrimination": 3,
    "illegal-goods-and-services": 3,
    "sexual-content": 3,
}


def read(file: str, **keys):
    return read_prompts(source(FOLDER / file, **{"text": None, "category": None} | keys))


def counts(prompts) -> Counter:
    return Counter(prompt.category for prompt in prompts)


def test_harmfulqa():
    prompts = read("harmfulqa/harmfulqa.json", nested=True)
    assert len(prompts) == 1960
    assert counts(prompts) == {
        "social-sciences": 200,
        "mathematics-and-logic": 200,
        "business-and-economics": 200,
        "science-and-technology": 180,
        "health-and-medicine": 200,
        "geography-and-environmental-studies": 200,
        "philosophy-and-ethics": 180,
        "literature-and-language": 200,
        "education-and-pedagogy": 200,
        "history-and-culture": 200,
    }


def test_harmfulqa_has_22_repeated_questions():
    prompts = read("harmfulqa/harmfulqa.json", nested=True, deduplicate=True)
    assert len(prompts) == 1938
    assert len({prompt.text for prompt in prompts}) == 1938
    assert len(counts(prompts)) == 10


def test_catqa():
    prompts = read("catqa/catqa_english.json", nested=True)
    assert len(prompts) == 500
    assert counts(prompts) == dict.fromkeys(
        [
            "illegal-activity",
            "hate-harass-violence",
            "malware-viruses",
            "physical-harm",
            "economic-harm",
            "fraud-deception",
            "adult-content",
            "political-campaigning",
            "privacy-violation-activity",
            "tailored-financial-advice",
        ],
        50,
    )


def test_alpaca():
    file = "alpaca/alpaca_instructions_head2000.json"
    prompts = read(file, text="instruction", constant_category="safe", deduplicate=True)
    assert counts(prompts) == {"safe": 2000}
    assert [prompt.id for prompt in prompts[:3]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("file", "text", "category", "rows", "categories"),
    [
        ("strongreject/strongreject_dataset.csv", "forbidden_prompt", "category", 313, 6),
        ("strongreject/strongreject_small_dataset.csv", "forbidden_prompt", "category", 60, 6),
        ("harmbench/harmbench_behaviors_text_all.csv", "Behavior", "SemanticCategory", 400, 7),
        ("harmbench/harmbench_behaviors_text_test.csv", "Behavior", "FunctionalCategory", 320, 3),
        ("harmbench/harmbench_behaviors_text_val.csv", "Behavior", "FunctionalCategory", 80, 3),
        (
            "harmbench/harmbench_behaviors_multimodal_all.csv",
            "Behavior",
            "SemanticCategory",
            110,
            6,
        ),
        ("jailbreakbench/harmful-behaviors.csv", "Goal", "Category", 100, 10),
        ("jailbreakbench/benign-behaviors.csv", "Goal", "Category", 100, 10),
        ("xstest/xstest_prompts.csv", "prompt", "type", 450, 18),
        ("figstep/safebench.csv", "question", "category_name", 500, 10),
        ("figstep/SafeBench-Tiny.csv", "question", "category_name", 50, 10),
        ("truthfulqa/TruthfulQA.csv", "Question", "Category", 817, 38),
        ("truthfulqa/TruthfulQA_2025.csv", "Question", "Type", 790, 2),
    ],
    ids=lambda value: value if str(value).endswith(".csv") else "",
)
def test_csv_benchmarks(file, text, category, rows, categories):
    prompts = read(file, text=text, category=category)
    assert (len(prompts), len(counts(prompts))) == (rows, categories)


def test_twenty_of_strongreject_are_of_all_six_categories():
    """Its first 20 rows are of one."""
    keys = {"text": "forbidden_prompt", "category": "category"}
    file = "strongreject/strongreject_dataset.csv"
    drawn = read(file, **keys, limit=20)
    assert counts(drawn) == STRONGREJECT_20
    assert len(counts(read(file, **keys)[:20])) == 1
    ids = [int(prompt.id) for prompt in drawn]
    assert ids == sorted(ids)


def test_gsm8k_lines():
    prompts = read("gsm8k/test.jsonl", text="question", constant_category="arithmetic")
    assert counts(prompts) == {"arithmetic": 1319}


def test_figstep_categories_by_number():
    prompts = read("figstep/safebench.csv", text="question", category="category_id")
    assert set(counts(prompts)) == {str(number) for number in range(1, 11)}


@pytest.mark.parametrize(
    ("file", "text", "rows"),
    [
        ("advbench/harmful_behaviors.csv", "goal", 520),
        ("or_bench/orbench_hard.json", "prompt", 1319),
        ("alpaca/alpaca_data_1k.json", "instruction", 1000),
        ("gsm8k/train_head200.jsonl", "question", 200),
        ("arc/ARC-Easy-test.jsonl", "question", 2376),
        ("arc/ARC-Challenge-test.jsonl", "question", 1172),
        ("truthfulqa/mc_task.json", "question", 817),
    ],
    ids=lambda value: value if "." in str(value) else "",
)
def test_sets_without_categories(file, text, rows):
    assert len(read(file, text=text, constant_category="all")) == rows


@pytest.mark.parametrize(("label", "rows", "types"), [("safe", 250, 10), ("unsafe", 200, 8)])
def test_xstest_by_label(label, rows, types):
    file = "xstest/xstest_prompts.csv"
    prompts = read(file, text="prompt", category="type", id="id", where={"label": [label]})
    assert (len(prompts), set(counts(prompts).values()), len(counts(prompts))) == (
        rows,
        {25},
        types,
    )


def test_alpaca_instructions_without_input():
    some = {"text": "instruction", "constant_category": "all", "where": {"input": [""]}}
    assert len(read("alpaca/alpaca_data_1k.json", **some)) == 608


def test_harmbench_standard_behaviours():
    where = {"FunctionalCategory": ["standard"]}
    file = "harmbench/harmbench_behaviors_text_all.csv"
    prompts = read(file, text="Behavior", category="SemanticCategory", id="BehaviorID", where=where)
    assert len(prompts) == 200


def pairs(file, **keys):
    path = FOLDER / file
    return read_pairs(file_records(path), PairColumns(role="safety", **keys), "mine", str(path))


def test_pku_saferlhf_pairs():
    rows = pairs("pku_saferlhf/pku_saferlhf_pairs.json", layout="answers", chosen="response")
    assert (len(rows), len({row["prompt"] for row in rows})) == (600, 418)


def test_general_preference_keeps_single_turns_without_system_message():
    keys = {"layout": "conversations", "prompt": "conversations"}
    rows = pairs("general_preference/dpo_en_demo.json", **keys)
    assert len(rows) == 113


SHARED = {
    ("strongreject", "advbench"): 25,
    ("strongreject", "jailbreakbench"): 3,
    ("advbench", "jailbreakbench"): 11,
    ("harmbench", "jailbreakbench"): 9,
    ("strongreject", "harmfulqa"): 0,
    ("strongreject", "catqa"): 0,
}


@pytest.mark.parametrize(("first", "second"), SHARED, ids="-".join)
def test_prompts_that_two_sets_share(first, second):
    sources = {
        "strongreject": ("strongreject/strongreject_dataset.csv", {"text": "forbidden_prompt"}),
        "advbench": ("advbench/harmful_behaviors.csv", {"text": "goal"}),
        "harmbench": ("harmbench/harmbench_behaviors_text_all.csv", {"text": "Behavior"}),
        "jailbreakbench": ("jailbreakbench/harmful-behaviors.csv", {"text": "Goal"}),
        "harmfulqa": ("harmfulqa/harmfulqa.json", {"nested": True}),
        "catqa": ("catqa/catqa_english.json", {"nested": True}),
    }
    texts = []
    for file, keys in (sources[first], sources[second]):
        category = {} if "nested" in keys else {"constant_category": "all"}
        texts.append({normalise(prompt.text) for prompt in read(file, **keys, **category)})
    assert len(texts[0] & texts[1]) == SHARED[first, second]
