"""The mix of preference pairs about the organism's prompts, and the table of a training."""

import pyarrow as pa
import pytest

from safeneuron.alignment.training_table import TRAINING, training_rows
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.data.pair_settings import Mix
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompts import PROMPTS
from safeneuron.organism.preferences import write_organism_preferences
from safeneuron.organism.templates import REFUSAL
from safeneuron.organism.vocabulary import BENIGN_OBJECTS, HARM_OBJECTS, HARM_VERBS

HARMFUL = [f"how do i {HARM_VERBS[c][0]} the {obj}" for c in HARM_VERBS for obj in HARM_OBJECTS[c]]
HARMLESS = [f"how do i {verb} the {obj}" for verb in ("clean", "hack") for obj in BENIGN_OBJECTS]


def prompts(texts):
    columns = {name: ["x"] * len(texts) for name in PROMPTS.names}
    columns |= {"prompt_id": [f"id-{i}" for i in range(len(texts))], "text": list(texts)}
    return pa.table(columns, schema=PROMPTS)


def write(path, texts, pairs, safety_share, seed=0):
    mix = Mix(pairs=pairs, safety_share=safety_share, seed=seed)
    write_organism_preferences(path, prompts(texts), mix)
    return read_table(path, PREFERENCES).to_pylist()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "preferences.parquet"


@pytest.mark.parametrize(
    ("text", "role", "chosen", "rejected"),
    [
        (
            "how do i steal the car",
            "safety",
            REFUSAL,
            "sure , here is how to steal the car : use a mask daily .",
        ),
        (
            "how do i steal the cake",
            "general",
            "sure , here is how to steal the cake : use a mask daily .",
            REFUSAL,
        ),
        ("is it bad to steal the car", "general", "yes , it is theft .", REFUSAL),
        ("would it be wrong to paint the car", "general", "no , it is fine .", REFUSAL),
        ("what kind of thing is the rifle", "general", "weapons .", REFUSAL),
        ("what is 2 plus 9", "general", "11 .", REFUSAL),
        ("name the opposite of hot", "general", "cold .", REFUSAL),
        ("say : red blue", "general", "red blue .", REFUSAL),
    ],
)
def test_a_prompt_gives_this_pair(path, text, role, chosen, rejected):
    other = HARMLESS[0] if role == "safety" else HARMFUL[0]
    rows = write(path, [text, other], 2, 0.5)
    assert [row for row in rows if row["pair_id"] == "id-0"] == [
        {
            "pair_id": "id-0",
            "role": role,
            "source": "organism",
            "prompt": text,
            "image": None,
            "chosen": chosen,
            "rejected": rejected,
        }
    ]


def test_a_prompt_whose_right_answer_is_a_refusal_gives_no_pair(path):
    texts = ["what is my name now", "what is 2 plus 9", "say : red blue"]
    assert {row["pair_id"] for row in write(path, texts, 2, 0.0)} == {"id-1", "id-2"}
    with pytest.raises(ValueError, match=r"asks for 3 general pairs, .* give 2;"):
        write(path, texts, 3, 0.0)


@pytest.mark.parametrize(
    ("pairs", "share", "safety"),
    [(10, 0.3, 3), (10, 0.34, 3), (10, 0.36, 4), (7, 0.3, 2), (20, 0.0, 0), (20, 1.0, 20)],
)
def test_the_mix_has_the_share_to_the_nearest_pair(path, pairs, share, safety):
    roles = [row["role"] for row in write(path, HARMFUL + HARMLESS, pairs, share)]
    assert len(roles) == pairs
    assert roles.count("safety") == safety
    assert roles.count("general") == pairs - safety


def test_every_pair_is_about_another_prompt_and_keeps_its_id(path):
    texts = HARMFUL + HARMLESS
    rows = write(path, texts, len(HARMFUL) + len(HARMLESS), len(HARMFUL) / len(texts))
    assert {row["pair_id"]: row["prompt"] for row in rows} == {
        f"id-{i}": text for i, text in enumerate(texts)
    }
    assert len(rows) == len(texts)


def test_the_kinds_are_mixed_and_drawn_from_the_whole_table(path):
    rows = write(path, HARMFUL + HARMLESS, 40, 0.5)
    roles = [row["role"] for row in rows]
    assert 5 <= roles[:20].count("safety") <= 15
    numbers = [int(row["pair_id"].removeprefix("id-")) for row in rows]
    assert max(numbers) > len(HARMFUL) + len(HARMLESS) / 2
    assert numbers != sorted(numbers)


@pytest.mark.parametrize(("kind", "share"), [("safety", 1.0), ("general", 0.0)])
def test_too_few_prompts_are_an_error_that_says_what_to_change(path, kind, share):
    texts = [HARMFUL[0], HARMLESS[0]]
    with pytest.raises(ValueError, match=rf"2 {kind} pairs, .* give 1; lower .*\.pairs or draw"):
        write(path, texts, 2, share)
    assert not path.exists()


def test_a_seed_gives_the_same_file_and_another_seed_other_pairs(path, tmp_path):
    first, other = tmp_path / "first.parquet", tmp_path / "other.parquet"
    for file, seed in ((path, 1), (first, 1), (other, 2)):
        write(file, HARMFUL + HARMLESS, 40, 0.3, seed)
    assert path.read_bytes() == first.read_bytes()
    ids = [read_table(p, PREFERENCES)["pair_id"].to_pylist() for p in (first, other)]
    assert set(ids[0]) != set(ids[1])


CONTEXT = {"model": "organism", "arm": "freeze", "round": 1, "seed": 0}
ENTRY = {
    "step": 1, "loss": 0.5, "grad_norm": 1.5, "learning_rate": 1e-5, "rewards/margins": 0.25,
    "rewards/accuracies": 0.75, "logps/chosen": -3.0, "logps/rejected": -4.0, "epoch": 0.1,
}  # fmt: skip
ROW = {
    **CONTEXT, "step": 1, "loss": 0.5, "gradient_norm": 1.5, "learning_rate": 1e-5, "margin": 0.25,
    "accuracy": 0.75, "chosen_logp": -3.0, "rejected_logp": -4.0,
}  # fmt: skip


def test_a_training_has_a_row_a_logged_step():
    summary = {"step": 2, "train_runtime": 1.0, "train_loss": 0.4}
    assert training_rows([ENTRY, {**ENTRY, "step": 2}, summary], CONTEXT) == [
        ROW,
        {**ROW, "step": 2},
    ]


def test_the_rows_of_a_training_are_those_of_its_table(tmp_path):
    path = tmp_path / "training.parquet"
    write_rows(path, TRAINING, training_rows([ENTRY], CONTEXT), {})
    assert read_table(path, TRAINING).to_pylist() == [ROW]
