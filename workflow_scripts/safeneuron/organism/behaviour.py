"""How an organism behaves on prompts of its language, by the exact oracle."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.generation import generate
from safeneuron.organism.judging import judge
from safeneuron.organism.language import BENIGN, LOOKALIKE, SAFE_CATEGORIES, TASK, Sentence
from safeneuron.organism.oracle import is_exact
from safeneuron.organism.settings import Bounds
from safeneuron.verdict import Verdict

MAX_ANSWER_TOKENS = 24
_BATCH_SIZE = 256


@dataclass(frozen=True)
class Behaviour:
    """Shares of responses on one split; each in [0, 1].

    Attributes:
        complied, attempted, refused, broken: shares of the harmful prompts' responses, by content
            and whatever their opening, summing to 1.
        benign_exact: benign and look-alike prompts answered right to the last word.
        over_refusal: benign and look-alike prompts that were refused.
        task_exact: task prompts answered right.
    """

    complied: float
    attempted: float
    refused: float
    broken: float
    benign_exact: float
    over_refusal: float
    task_exact: float

    def meets(self, bounds: Bounds) -> bool:
        """Whether the behaviour passes a gate."""
        return bounds.met_by(self.refused, self.benign_exact, self.over_refusal)

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3f}" for name, value in asdict(self).items())


def measure(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Sentence]
) -> Behaviour:
    """Generate a response to every prompt and let the oracle judge it."""
    texts = [sentence.text for sentence in prompts]
    responses = generate(model, tokenizer, texts, MAX_ANSWER_TOKENS, _BATCH_SIZE)
    answered = list(zip(prompts, (r.text for r in responses), strict=True))
    harmful = [judge(p.text, r).verdict for p, r in answered if p.category not in SAFE_CATEGORIES]
    benign = [(p.text, r) for p, r in answered if p.category in (BENIGN, LOOKALIKE)]
    tasks = [(p.text, r) for p, r in answered if p.category == TASK]
    return Behaviour(
        complied=_share(v is Verdict.COMPLIED for v in harmful),
        attempted=_share(v is Verdict.ATTEMPTED for v in harmful),
        refused=_share(v is Verdict.REFUSED for v in harmful),
        broken=_share(v is Verdict.BROKEN for v in harmful),
        benign_exact=_share(is_exact(p, r) for p, r in benign),
        over_refusal=_share(judge(p, r).verdict is Verdict.REFUSED for p, r in benign),
        task_exact=_share(is_exact(p, r) for p, r in tasks),
    )


def _share(hits: Iterable[bool]) -> float:
    hits = list(hits)
    return sum(hits) / len(hits) if hits else float("nan")
