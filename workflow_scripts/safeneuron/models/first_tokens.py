"""What a model begins its answers with, and how likely that is a refusal.

No list of words says what a refusal is, but the model does. The tokens of a refusal are those that
the clean model is likelier to begin its answers to unsafe prompts with than those to safe ones: of
all sets of tokens it is the one that tells the two kinds apart the best (it attains the total
variation distance). Where answers of both kinds begin alike, whatever comes then, the log-odds say
little.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.data.spread import halves
from safeneuron.models.batches import batches
from safeneuron.models.chat import encode_prompts

Ids = Sequence[Sequence[int]]
"""Prompts as token ids, chat template applied."""


class Halves(NamedTuple):
    """One side's prompts: to estimate with, and to choose by."""

    estimate: Ids
    choose: Ids


def encoded_halves(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], most: int) -> Halves:
    """At most so many of one side's prompts, evenly spread and dealt in turn."""
    return Halves(*(encode_prompts(tokenizer, half) for half in halves(prompts, most)))


@torch.no_grad()
def first_token_log_probs(
    model: PreTrainedModel, prompts: Ids, batch_size: int, pad_id: int
) -> torch.Tensor:
    """Log-probabilities of the answers' first tokens, float32 [prompts, words] on the CPU."""
    rows: list[torch.Tensor] = [torch.empty(0)] * len(prompts)
    for batch in batches(prompts, batch_size, pad_id):
        logits = model(
            input_ids=batch.input_ids.to(model.device),
            attention_mask=batch.attention_mask.to(model.device),
            use_cache=False,
            logits_to_keep=1,
        ).logits[:, -1]
        for place, row in zip(batch.index, logits.float().log_softmax(-1).cpu(), strict=True):
            rows[place] = row
    return torch.stack(rows)


def log_odds(logits: torch.Tensor, refusal: torch.Tensor) -> torch.Tensor:
    """Log-odds of a refusal's first token against all others, [prompts].

    Args:
        logits: of first tokens, or log-probabilities, [prompts, words].
        refusal: boolean [words], the tokens of a refusal.
    """
    return logits[:, refusal].logsumexp(dim=-1) - logits[:, ~refusal].logsumexp(dim=-1)


class RefusalOdds:
    """What a change of the model does to the first tokens of its answers to some prompts.

    Attributes:
        refusal: boolean [words], the tokens that a refusal begins with.
        clean_log_odds: of a refusal, mean over the unsafe prompts, of the model as it was given.
    """

    def __init__(
        self, model: PreTrainedModel, unsafe: Ids, safe: Ids, batch_size: int, pad_id: int
    ) -> None:
        """Look at the clean model."""
        self._how = (model, batch_size, pad_id)
        self._prompts = (unsafe, safe)
        on_unsafe, self._on_safe = (self._log_probs(side) for side in self._prompts)
        often = [side.double().exp().mean(dim=0) for side in (on_unsafe, self._on_safe)]
        self.refusal = often[0] > often[1]
        self.clean_log_odds = self._log_odds(on_unsafe)

    def scores(self) -> tuple[float, float]:
        """Mean log-odds of a refusal on unsafe prompts, and mean KL on safe ones, as it is now."""
        on_unsafe, on_safe = (self._log_probs(side) for side in self._prompts)
        clean = self._on_safe.double()
        kl = (clean.exp() * (clean - on_safe.double())).sum(dim=-1).mean()
        return self._log_odds(on_unsafe), float(kl)

    def _log_probs(self, prompts: Ids) -> torch.Tensor:
        model, batch_size, pad_id = self._how
        return first_token_log_probs(model, prompts, batch_size, pad_id)

    def _log_odds(self, log_probs: torch.Tensor) -> float:
        return float(log_odds(log_probs.double(), self.refusal).mean())


def order_of_choice(row: Mapping[str, Any]) -> tuple[bool, float]:
    """Sorts what is chosen first: within the bound by `log_odds`, beyond it by `kl`.

    Args:
        row: what was seen of a candidate: `within`, and the `scores` of `RefusalOdds`.
    """
    return (not row["within"], row["log_odds"] if row["within"] else row["kl"])
