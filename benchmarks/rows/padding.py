"""What padding costs real prompts: their batches beside as many tokens without any padding."""

import csv
import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import torch
from benchmarks.figures import Found, Goal, NotGivenError, figure
from benchmarks.measure import in_turns, ratio
from benchmarks.models import Runnable, organism, tokens

from safeneuron.models.batches import Batch, batches, pad

FILE = Path("data/strongreject/strongreject_dataset.csv")
BATCH = 32


def real_lengths(file: Path) -> list[int]:
    """How many words and signs each prompt of StrongREJECT has.

    Raises:
        NotGivenError: the file is not there.
    """
    if not file.exists():
        raise NotGivenError(f"{file} is not there; `make data` fetches it")
    with file.open(encoding="utf-8", newline="") as stream:
        texts = [row["forbidden_prompt"] for row in csv.DictReader(stream)]
    return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def of_lengths(run: Runnable, lengths: Sequence[int]) -> list[list[int]]:
    """Random prompts of these lengths."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(10, len(run.tokenizer), (length,), generator=generator).tolist()
        for length in lengths
    ]


def by_length(prompts: Sequence[Sequence[int]]) -> list[Batch]:
    """Ours."""
    return list(batches(prompts, BATCH, 0))


def in_order(prompts: Sequence[Sequence[int]]) -> list[Batch]:
    """Batches in the order given."""
    places = (range(len(prompts))[i : i + BATCH] for i in range(0, len(prompts), BATCH))
    return [pad([prompts[i] for i in index], [*index], 0, "left") for index in places]


def unpadded(prompts: Sequence[Sequence[int]]) -> list[Batch]:
    """All tokens, and no other, in prompts of one length: the mean one."""
    length = round(tokens(prompts) / len(prompts))
    joined = list(chain.from_iterable(prompts))
    return in_order([joined[i : i + length] for i in range(0, len(joined), length)])


@torch.inference_mode()
def forward(run: Runnable, of: Iterable[Batch]) -> list[torch.Tensor]:
    """The last token's hidden state of every prompt, in their order."""
    states = {}
    for batch in of:
        hidden = run.model.get_decoder()(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
        ).last_hidden_state
        states.update(zip(batch.index, hidden[:, -1], strict=True))
    return [states[i] for i in range(len(states))]


def difference(run: Runnable, prompts: Sequence[Sequence[int]]) -> float:
    """The largest between our hidden states and those of prompts one by one, of their norm."""
    alone = forward(run, [pad([p], [i], 0, "left") for i, p in enumerate(prompts)])
    ours = forward(run, by_length(prompts))
    return max(((a - b).norm() / b.norm()).item() for a, b in zip(ours, alone, strict=True))


def measured(manifest: Path | None) -> Found:
    """The row."""
    run = organism()
    prompts = of_lengths(run, real_lengths(FILE))
    ways = {"ours": by_length, "fixed": in_order, "none": unpadded}
    turns = in_turns({name: partial(forward, run, way(prompts)) for name, way in ways.items()})
    of = partial(figure, "padding", unit="x")
    what = f"{len(prompts)} prompts of {min(map(len, prompts))} to {max(map(len, prompts))} tokens"
    return Found(
        [
            of(
                what,
                ratio(turns["ours"], turns["none"]),
                goal=Goal(at_most=1.1),
                baseline="as many tokens, none of them padding",
                error=difference(run, prompts[:64]),
                error_of="of a hidden state's norm",
            ),
            of(
                f"{what}, speed-up",
                ratio(turns["fixed"], turns["ours"]),
                baseline=f"batches of {BATCH} in the order given",
            ),
        ]
    )
