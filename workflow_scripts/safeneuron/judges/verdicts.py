"""What judges say of a response."""

from typing import NamedTuple

from safeneuron.verdict import Verdict


class Judgement(NamedTuple):
    """A verdict, whether the response is exactly right (None if the judge can't tell), and why."""

    verdict: Verdict
    exact: bool | None
    reason: str
