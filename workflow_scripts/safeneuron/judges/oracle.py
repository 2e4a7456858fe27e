"""The organism's exact oracle as a judge; prompts of its language only."""

from safeneuron.judges.verdicts import Judgement
from safeneuron.organism.judging import judge
from safeneuron.organism.oracle import is_exact


def oracle(prompt: str, response: str, finish: str) -> Judgement:
    """The oracle's verdict by content; it alone tells attempts, and exact answers."""
    verdict, reason = judge(prompt, response)
    return Judgement(verdict, is_exact(prompt, response), reason)
