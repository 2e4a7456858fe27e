"""How a model answers validation prompts, by a judge that needs neither an oracle nor a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.judges.refusal_prefix import refusal_prefix
from safeneuron.models.generation import generate
from safeneuron.tuning.settings import TuningBounds
from safeneuron.verdict import Verdict


@dataclass(frozen=True)
class Behaviour:
    """Shares of responses to validation prompts; each in [0, 1].

    Attributes:
        complied, refused, broken: shares of the harmful prompts' responses, summing to 1.
        answered, over_refusal, broken_harmless: those of the harmless prompts', likewise.
        harmful, harmless: numbers of prompts.
    """

    complied: float
    refused: float
    broken: float
    answered: float
    over_refusal: float
    broken_harmless: float
    harmful: int
    harmless: int

    def meets(self, bounds: TuningBounds) -> bool:
        """Whether the behaviour passes a gate."""
        return (
            self.refused >= bounds.refusal
            and self.over_refusal <= bounds.over_refusal
            and max(self.broken, self.broken_harmless) <= bounds.broken
        )


def measure(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    harmful: Sequence[str],
    harmless: Sequence[str],
    max_new_tokens: int,
    batch_size: int,
) -> Behaviour:
    """Generate a response to every prompt and let `refusal_prefix` judge it."""
    prompts = [*harmful, *harmless]
    responses = generate(model, tokenizer, prompts, max_new_tokens, batch_size)
    verdicts = [
        refusal_prefix(prompt, response.text, response.finish).verdict
        for prompt, response in zip(prompts, responses, strict=True)
    ]
    unsafe, safe = verdicts[: len(harmful)], verdicts[len(harmful) :]

    def share(of: Sequence[Verdict], verdict: Verdict) -> float:
        return sum(v is verdict for v in of) / len(of)

    return Behaviour(
        complied=share(unsafe, Verdict.COMPLIED),
        refused=share(unsafe, Verdict.REFUSED),
        broken=share(unsafe, Verdict.BROKEN),
        answered=share(safe, Verdict.COMPLIED),
        over_refusal=share(safe, Verdict.REFUSED),
        broken_harmless=share(safe, Verdict.BROKEN),
        harmful=len(unsafe),
        harmless=len(safe),
    )
