"""Judges that need no model, by name. Every judge says what a response does, and why.

A judge is a function of prompt, response and its end (`stop` or `length`); it never sees which
attack made the response. All but the oracle call incoherent text broken before anything else.
"""

from collections.abc import Callable

from safeneuron.judges.lasting_refusal import lasting_refusal
from safeneuron.judges.oracle import oracle
from safeneuron.judges.refusal_prefix import refusal_prefix
from safeneuron.judges.verdicts import Judgement

JUDGES: dict[str, Callable[[str, str, str], Judgement]] = {
    "oracle": oracle,
    "refusal_prefix": refusal_prefix,
    "lasting_refusal": lasting_refusal,
}
