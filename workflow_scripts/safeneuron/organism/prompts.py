"""The organism's prompts as a prompt table, and back."""

from pathlib import Path

import pyarrow as pa

from safeneuron.data.prompts import cluster_of, write_prompts
from safeneuron.organism.language import Sentence, draw_splits
from safeneuron.organism.oracle import act_of
from safeneuron.organism.settings import Language


def write_organism_prompts(path: Path, dataset: str, language: Language) -> int:
    """Write the prompt table of the organism's language; returns the number of prompts.

    Prompts with one verb and object are variants of one request, whatever template or cue.
    """
    rows = [
        {
            "prompt_id": f"{split}-{number}",
            "category": s.category,
            "split": split,
            "text": s.text,
            **({"cluster": cluster_of(*act)} if (act := act_of(s.text)) else {}),
        }
        for split, sentences in draw_splits(language.splits, language.seed).items()
        for number, s in enumerate(sentences)
    ]
    return write_prompts(path, dataset, rows)


def sentences(table: pa.Table) -> list[Sentence]:
    """The rows of an organism's prompt table as sentences of its language."""
    return [Sentence(row["category"], row["text"]) for row in table.to_pylist()]
