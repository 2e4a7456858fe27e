"""Prompts of the organism's language, drawn into splits that share no prompt.

Alignment, identification, validation and evaluation use different templates, and validation and
evaluation use verb-object pairs that no other of the four has. Pre-training draws from the whole
language except the exact strings of the four.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from safeneuron.organism import templates
from safeneuron.organism import vocabulary as words
from safeneuron.organism.oracle import harm_category
from safeneuron.organism.settings import SplitSize

BENIGN, LOOKALIKE, TASK = "benign", "lookalike", "task"
SAFE_CATEGORIES = (BENIGN, LOOKALIKE, TASK)

# which verb-object pairs a split may use: alignment and identification share theirs
_PAIR_SHARES = {"shared": 0.50, "validation": 0.25, "evaluation": 0.25}
_PAIRS_OF = {
    "alignment": "shared",
    "identification": "shared",
    "validation": "validation",
    "evaluation": "evaluation",
}
PRETRAINING = "pretraining"
SPLITS = (*_PAIRS_OF, PRETRAINING)
_CUE_PROBABILITY = 0.5
_CUE_AGREEMENT = 0.7
_MAX_TRIES = 200


T = TypeVar("T")


class Sentence(NamedTuple):
    """One prompt of the language with the category that it belongs to."""

    category: str
    text: str


def draw_splits(sizes: Mapping[str, SplitSize], seed: int) -> dict[str, list[Sentence]]:
    """Draw every split; pre-training comes last, avoids all strings of the others and may repeat.

    Args:
        sizes: split -> sizes, with the keys of `SPLITS`.
        seed: seed of the pairs' partition and of the draws.

    Raises:
        ValueError: the language has fewer distinct prompts than a split asks for.
    """
    rng = np.random.default_rng(seed)
    pairs = _partition_pairs(rng)
    every_pair = {
        kind: [p for part in parts.values() for p in part] for kind, parts in pairs.items()
    }
    every_template = [t for group in templates.REQUEST_TEMPLATES.values() for t in group]
    held_out: set[str] = set()
    drawn: dict[str, list[Sentence]] = {}
    for split, part in _PAIRS_OF.items():
        allowed = {kind: parts[part] for kind, parts in pairs.items()}
        forms = templates.REQUEST_TEMPLATES[split]
        drawn[split] = _draw_split(sizes[split], allowed, forms, rng, held_out, seen=held_out)
    drawn[PRETRAINING] = _draw_split(
        sizes[PRETRAINING], every_pair, every_template, rng, held_out, seen=set()
    )
    return drawn


def _draw_split(
    size: SplitSize,
    pairs: dict[str, list[tuple[str, str]]],
    forms: Sequence[str],
    rng: np.random.Generator,
    forbidden: set[str],
    seen: set[str],
) -> list[Sentence]:
    """Draw one split without the `forbidden` texts; what is drawn is added to `seen`.

    With `seen` the same set as `forbidden`, the split has no repeats.
    """
    sentences: list[Sentence] = []

    def draw(category: str, count: int, source: Iterator[str]) -> None:
        for number in range(count):
            tries = itertools.islice(source, _MAX_TRIES)
            text = next((t for t in tries if t not in forbidden), None)
            if text is None:
                raise ValueError(
                    f"the organism's language has no more distinct '{category}' prompts: "
                    f"{number} of {count} drawn; ask for fewer in organism.language"
                )
            seen.add(text)
            sentences.append(Sentence(category, text))

    for category in words.CATEGORIES:
        draw(category, size.per_category, _requests(pairs[category], forms, rng))
    draw(BENIGN, size.benign, _requests(pairs[BENIGN], forms, rng))
    draw(LOOKALIKE, size.lookalike, _requests(pairs[LOOKALIKE], forms, rng))
    draw(TASK, size.task, _tasks(pairs, rng))
    return sentences


def _partition_pairs(rng: np.random.Generator) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Harm category, `benign` or `lookalike` -> part (see `_PAIR_SHARES`) -> pairs."""
    harm_objects = list(words.OBJECT_CATEGORY)
    harm_verbs = list(words.VERB_CATEGORY)
    kinds = {
        category: [(v, o) for v in words.HARM_VERBS[category] for o in words.HARM_OBJECTS[category]]
        for category in words.CATEGORIES
    }
    kinds[BENIGN] = [(v, o) for v in words.BENIGN_VERBS for o in words.BENIGN_OBJECTS]
    kinds[LOOKALIKE] = [(v, o) for v in words.BENIGN_VERBS for o in harm_objects]
    kinds[LOOKALIKE] += [(v, o) for v in harm_verbs for o in words.BENIGN_OBJECTS]
    parts: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for kind, pairs in kinds.items():
        order = rng.permutation(len(pairs))
        cuts = np.round(np.cumsum(list(_PAIR_SHARES.values())) * len(pairs)).astype(int)
        chunks = np.split(order, cuts[:-1])
        parts[kind] = {
            name: [pairs[i] for i in chunk]
            for name, chunk in zip(_PAIR_SHARES, chunks, strict=True)
        }
    return parts


def _requests(
    pairs: Sequence[tuple[str, str]], forms: Sequence[str], rng: np.random.Generator
) -> Iterator[str]:
    """Requests in random words for ever: template, optional cue adverb, verb and object."""
    while True:
        verb, obj = pairs[int(rng.integers(len(pairs)))]
        act = f"{verb} the {obj}"
        if rng.random() < _CUE_PROBABILITY:
            harmful = harm_category(act) is not None
            agrees = rng.random() < _CUE_AGREEMENT
            cues = words.HARMFUL_CUES if harmful == agrees else words.BENIGN_CUES
            act = f"{cues[rng.integers(len(cues))]} {act}"
        yield forms[int(rng.integers(len(forms)))].format(act=act)


def _tasks(pairs: dict[str, list[tuple[str, str]]], rng: np.random.Generator) -> Iterator[str]:
    """Benign tasks with checkable answers for ever, in fixed shares."""

    def pick(options: Sequence[T]) -> T:
        return options[int(rng.integers(len(options)))]

    def judgement() -> str:
        harmful = rng.random() < 0.5
        verb, obj = pick(pairs[pick(words.CATEGORIES) if harmful else pick((BENIGN, LOOKALIKE))])
        return pick(templates.JUDGEMENT_TEMPLATES).format(act=f"{verb} the {obj}")

    def kind() -> str:
        return pick(templates.KIND_TEMPLATES).format(
            obj=pick(words.OBJECTS), verb=pick(words.VERBS)
        )

    def addition() -> str:
        a, b = rng.integers(0, words.MAX_ADDEND + 1, size=2)
        return pick(templates.ADDITION_TEMPLATES).format(a=a, b=b)

    def opposite() -> str:
        pair = words.OPPOSITES[rng.integers(len(words.OPPOSITES))]
        return pick(templates.OPPOSITE_TEMPLATES).format(word=pick(pair))

    def copying() -> str:
        text = " ".join(pick(words.COPY_WORDS) for _ in range(rng.integers(2, 5)))
        return pick(templates.COPY_TEMPLATES).format(words=text)

    makers = (judgement, kind, addition, opposite, copying, lambda: pick(templates.UNANSWERABLE))
    shares = np.array([0.35, 0.25, 0.10, 0.10, 0.10, 0.10])
    while True:
        yield makers[rng.choice(len(makers), p=shares)]()
