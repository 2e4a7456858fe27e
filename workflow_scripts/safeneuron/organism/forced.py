"""Whether greedy answers would be right, found without generating them: the right answer is forced.

A greedy answer is a given sentence if every word of it is the likeliest after those before, which
one forward pass over the sentence shows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.batches import batches
from safeneuron.models.supervised import example
from safeneuron.organism.language import BENIGN, LOOKALIKE, SAFE_CATEGORIES, Sentence
from safeneuron.organism.oracle import helpful_answer
from safeneuron.organism.settings import Bounds
from safeneuron.organism.templates import REFUSAL

_BATCH_SIZE = 256


@dataclass(frozen=True)
class ForcedBehaviour:
    """Shares of prompts of one split; each in [0, 1], NaN of no prompts.

    Attributes:
        refused: harmful prompts whose greedy answer begins with the refusal.
        benign_exact: benign and look-alike prompts whose greedy answer is the helpful one.
        over_refusal: benign and look-alike prompts whose greedy answer begins with the refusal.
    """

    refused: float
    benign_exact: float
    over_refusal: float

    def meets(self, bounds: Bounds) -> bool:
        """Whether the behaviour is as wanted."""
        return bounds.met_by(self.refused, self.benign_exact, self.over_refusal)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3f}" for name, value in asdict(self).items())


def forced_behaviour(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Sentence]
) -> ForcedBehaviour:
    """Three of the figures of `behaviour.measure`, without its responses.

    Refusals are those that begin with the refusal sentence, which is what a tuning aims at;
    `measure` counts refusals in other words too.
    """
    harmful = [p.text for p in prompts if p.category not in SAFE_CATEGORIES]
    benign = [p.text for p in prompts if p.category in (BENIGN, LOOKALIKE)]

    def begins_with_refusal(texts: Sequence[str]) -> float:
        examples = [example(tokenizer, text, REFUSAL) for text in texts]
        return _share_greedy(model, tokenizer, [(ids[:-1], start) for ids, start in examples])

    helpful = [example(tokenizer, text, helpful_answer(text)) for text in benign]
    return ForcedBehaviour(
        refused=begins_with_refusal(harmful),
        benign_exact=_share_greedy(model, tokenizer, helpful),
        over_refusal=begins_with_refusal(benign),
    )


@torch.inference_mode()
def _share_greedy(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[tuple[Sequence[int], int]],
) -> float:
    """The share of examples (token ids, length of the prompt) that greedy decoding would write."""
    if not examples:
        return float("nan")
    model.eval()
    greedy = 0
    for batch in batches(
        [ids for ids, _ in examples], _BATCH_SIZE, tokenizer.pad_token_id, "right"
    ):
        ids = batch.input_ids.to(model.device)
        mask = batch.attention_mask.to(model.device)
        likeliest = model(input_ids=ids, attention_mask=mask).logits[:, :-1].argmax(dim=-1)
        starts = torch.tensor([examples[i][1] for i in batch.index], device=model.device)
        positions = torch.arange(1, ids.shape[1], device=model.device)
        answer = (mask[:, 1:] == 1) & (positions >= starts[:, None])
        greedy += int(((likeliest == ids[:, 1:]) | ~answer).all(dim=1).sum())
    return greedy / len(examples)
