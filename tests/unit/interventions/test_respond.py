import numpy as np
import pyarrow as pa
import torch

import tiny
from safeneuron.artifacts.tables import STATE
from safeneuron.data.prompts import PROMPTS
from safeneuron.interventions.cell import Cell, clean_cell
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.respond import respond
from safeneuron.interventions.schemas import ATTACK, RESPONSES
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.models.generation import generate
from safeneuron.models.sites import ffn_sites

MASK = tiny.random_mask()
CELLS = [
    clean_cell(),
    Cell("es+sas", 0.3, None, Intervention(ZeroAblate(), MASK)),
    Cell("es+sas", 0.3, 4, Intervention(ZeroAblate(), np.roll(MASK, 1, axis=1))),
]
TEXTS = ["how do i rob the clerk", "tell me", "add 1 and 2"]
PROMPT_TABLE = pa.Table.from_pylist(
    [
        {"dataset": "d", "split": "s", "prompt_id": f"p{i}", "category": f"c{i}", "text": text}
        for i, text in enumerate(TEXTS)
    ],
    schema=PROMPTS,
)


@torch.no_grad()
def answers(tokenizer, mask):
    """What a model answers whose weights themselves were pruned."""
    model = tiny.build(vocabulary=len(tokenizer))
    for site, row in zip(ffn_sites(model), mask, strict=True):
        site.down.weight[:, torch.from_numpy(row)] = 0
    return [generate(model, tokenizer, [t], 5, 1)[0] for t in TEXTS]


def masks():
    return [np.zeros_like(MASK), *(cell.intervention.target for cell in CELLS[1:])]


def test_every_cell_answers_every_prompt_as_a_model_pruned_like_it(tokenizer):
    rows = respond(tiny.build(vocabulary=len(tokenizer)), tokenizer, CELLS, PROMPT_TABLE, 5, 2)
    expected = [answers(tokenizer, mask) for mask in masks()]
    assert expected[0] != expected[1] != expected[2]
    assert [(r["response"], r["tokens"], r["finish"]) for r in rows] == [
        response for cell in expected for response in cell
    ]


def test_rows_say_which_cell_and_prompt_they_are_of(tokenizer):
    rows = respond(tiny.build(vocabulary=len(tokenizer)), tokenizer, CELLS, PROMPT_TABLE, 1, 8)
    of_the_stage = {*STATE, *ATTACK, "benchmark", "role"}
    assert all(row.keys() == set(RESPONSES.names) - of_the_stage for row in rows)
    cell = ("operator", "target", "fraction", "control_seed", "n_neurons")
    seen = [
        tuple(row[k] for k in (*cell, "dataset", "category", "prompt_id", "prompt")) for row in rows
    ]
    assert seen == [
        (*cell, "d", f"c{i}", f"p{i}", text)
        for cell in (
            ("none", "none", None, None, 0),
            ("zero_ablate", "es+sas", 0.3, None, MASK.sum()),
            ("zero_ablate", "es+sas", 0.3, 4, MASK.sum()),
        )
        for i, text in enumerate(TEXTS)
    ]


def test_prompts_to_choose_by_are_asked_beside_the_others_and_change_none_of_their_answers(
    tokenizer,
):
    model = tiny.build(vocabulary=len(tokenizer))
    alone = respond(model, tokenizer, CELLS, PROMPT_TABLE, 5, 2)
    both = respond(model, tokenizer, CELLS, PROMPT_TABLE[:2], 5, 2, None, PROMPT_TABLE[2:])
    assert [row["use"] for row in both] == ["evaluation", "evaluation", "validation"] * len(CELLS)
    said = [{**row, "use": ""} for row in both]
    assert said == [{**row, "use": ""} for row in alone]
