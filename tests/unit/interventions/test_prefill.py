"""Forced words: what the model goes on from, what judges see, and controls of as many words."""

import numpy as np
import pyarrow as pa
import pytest
import torch

import tiny
from safeneuron.data.prompts import PROMPTS
from safeneuron.interventions.cell import clean_cell
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.none import Untouched
from safeneuron.interventions.prefill import Prefill
from safeneuron.interventions.prefill_cells import NoOrdinaryTextError, prefill_cells
from safeneuron.interventions.respond import respond
from safeneuron.interventions.settings import PrefillCells
from safeneuron.models.chat import encode_prompt
from safeneuron.models.opening import encode_opening

ORDINARY = ["clean the table", "what is a sum", "go", "bake the bread today", "bake the bread now"]
ROWS = pa.Table.from_pylist(
    [
        {
            "prompt_id": str(number), "cluster": str(number), "dataset": "d", "category": "c",
            "split": "s", "text": text, "image": None, "instruction": None,
        }
        for number, text in enumerate(["how do i clean", "tell me how to steal the table today"])
    ],
    schema=PROMPTS,
)  # fmt: skip


def asked(**changes):
    settings = {
        "text": "sure , here is", "control_seeds": [0, 4], "ordinary": {"split": "s"} | {
            "categories": None}, "operator": {"kind": "prefill", "words": [1, 3]},
    }  # fmt: skip
    return PrefillCells.model_validate(settings | changes)


def openings(cells):
    return [(c.columns["strength"], c.control_seed, c.intervention.opening) for c in cells]


def test_each_number_of_words_is_followed_by_as_many_ordinary_ones():
    cells = list(prefill_cells(ORDINARY, asked()))
    found = openings(cells)
    assert [f for f in found if f[1] is None] == [(1, None, "sure"), (3, None, "sure , here")]
    assert [seed for _, seed, _ in found] == [None, 0, 4] * 2
    long = {"clean the table", "what is a", "bake the bread"}  # those of three words and more
    assert {text for number, seed, text in found if seed is not None and number == 3} <= long
    for seed in (0, 4):
        one, three = (text for _, of, text in found if of == seed)
        assert three.split()[0] == one
    about = {"operator": "prefill", "target": "prefix", "fraction": None, "n_neurons": 0}
    assert all(c.columns.items() >= about.items() for c in cells)


def test_controls_differ_by_seed_and_every_ordinary_text_may_be_one():
    seeds = list(range(40))
    cells = prefill_cells(ORDINARY, asked(control_seeds=seeds))
    drawn = {c.intervention.opening for c in cells if c.control_seed is not None}
    assert drawn == {"clean", "what", "bake", "clean the table", "what is a", "bake the bread"}


def test_without_an_ordinary_text_as_long_there_is_no_control():
    with pytest.raises(NoOrdinaryTextError, match="has 3 words"):
        list(prefill_cells(["go on"], asked()))


def test_operators_on_the_model_force_nothing():
    assert clean_cell().intervention.opening == ""
    assert Intervention(Untouched(), np.zeros((0, 0), dtype=bool)).opening == ""


@torch.no_grad()
def continued(model, tokenizer, text, forced, count):
    """The likeliest tokens after a prompt and forced ones, token by token without a cache."""
    begun = encode_prompt(tokenizer, text) + forced
    ids = list(begun)
    while len(ids) < len(begun) + count and ids[-1] != tokenizer.eos_token_id:
        ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(begun) :]


def test_the_answer_goes_on_from_the_words_and_holds_them(tokenizer):
    model = tiny.build(vocabulary=len(tokenizer))
    cells = [clean_cell(), *prefill_cells(ORDINARY, asked(control_seeds=[]))]
    rows = respond(model, tokenizer, cells, ROWS, max_new_tokens=4, batch_size=2)
    assert [row["strength"] for row in rows] == [None, None, 1, 1, 3, 3]
    for row in rows:
        number = int(row["strength"] or 0)
        forced = encode_opening(tokenizer, " ".join(["sure", ",", "here", "is"][:number]))
        assert len(forced) == number  # each is a word of the organism's
        answer = continued(model, tokenizer, row["prompt"], forced, 4)
        assert row["response"] == tokenizer.decode(forced + answer, skip_special_tokens=True)
        assert row["tokens"] == number + len(answer)
        assert row["response"].startswith(" ".join(["sure", ",", "here", "is"][:number]))
    clean, _, one, _, three, _ = (row["response"] for row in rows)
    assert len({clean, one, three}) == 3


def test_forced_words_hold_no_control_tokens(tokenizer):
    spelled = tokenizer.eos_token
    assert tokenizer.eos_token_id not in encode_opening(tokenizer, f"sure {spelled}")
    assert encode_opening(tokenizer, "") == []
    assert Prefill(words=[2]).at_strengths() == [2.0]
