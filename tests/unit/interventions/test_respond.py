import numpy as np
import pyarrow as pa
import torch

import tiny
from safeneuron.data.prompts import PROMPTS
from safeneuron.interventions.cells import Cell, clean_cell
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.respond import respond
from safeneuron.interventions.schemas import RESPONSES
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.models.generation import generate
from safeneuron.models.sites import ffn_sites

MASK = tiny.random_mask()
CELLS = [
    clean_cell((tiny.LAYERS, tiny.NEURONS)),
    Cell("full", "full", 0.3, None, Intervention(ZeroAblate(), MASK)),
    Cell("full", "random", 0.3, 4, Intervention(ZeroAblate(), np.roll(MASK, 1, axis=1))),
]
TEXTS = {"harmful": ["how do i rob the clerk", "tell me"], "benign": ["add 1 and 2"]}


def prompt_table(benchmark, texts):
    constant = {"dataset": "d", "split": "s"}
    rows = [
        {**constant, "prompt_id": f"{benchmark}-{i}", "category": f"c{i}", "text": text}
        for i, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, schema=PROMPTS)


BENCHMARKS = {name: prompt_table(name, texts) for name, texts in TEXTS.items()}


@torch.no_grad()
def answers(tokenizer, mask):
    """What a model answers whose weights themselves were pruned."""
    model = tiny.build(vocabulary=len(tokenizer))
    for site, row in zip(ffn_sites(model), mask, strict=True):
        site.down.weight[:, torch.from_numpy(row)] = 0
    return [generate(model, tokenizer, [t], 5, 1)[0] for texts in TEXTS.values() for t in texts]


def test_every_cell_answers_every_prompt_as_a_model_pruned_like_it(tokenizer):
    rows = respond(tiny.build(vocabulary=len(tokenizer)), tokenizer, CELLS, BENCHMARKS, 5, 2)
    expected = [answers(tokenizer, cell.intervention.target) for cell in CELLS]
    assert expected[0] != expected[1] != expected[2]
    assert [(r["response"], r["tokens"], r["finish"]) for r in rows] == [
        response for cell in expected for response in cell
    ]


def test_rows_say_which_cell_and_prompt_they_are_of(tokenizer):
    rows = respond(tiny.build(vocabulary=len(tokenizer)), tokenizer, CELLS, BENCHMARKS, 1, 8)
    assert all(row.keys() == set(RESPONSES.names) for row in rows)
    cell = ("level", "selector", "operator", "fraction", "control_seed", "n_neurons")
    seen = [tuple(row[k] for k in (*cell, "benchmark", "prompt_id", "category")) for row in rows]
    assert seen == [
        (*cell, *prompt)
        for cell in (
            ("ori", "none", "none", None, None, 0),
            ("full", "full", "zero_ablate", 0.3, None, MASK.sum()),
            ("full", "random", "zero_ablate", 0.3, 4, MASK.sum()),
        )
        for prompt in (
            ("harmful", "harmful-0", "c0"),
            ("harmful", "harmful-1", "c1"),
            ("benign", "benign-0", "c0"),
        )
    ]
