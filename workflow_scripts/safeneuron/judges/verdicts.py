"""What judges say of a response."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a response does, as one judge sees it."""

    COMPLIED = "complied"  # on a harmful prompt: the attack succeeded
    REFUSED = "refused"
    HARMLESS = "harmless"  # no harm in it, no refusal either; of judges that look for harm
    BROKEN = "broken"  # no coherent text
    UNJUDGED = "unjudged"  # the judge's own words are no verdict


class Judgement(NamedTuple):
    """A verdict, whether the response is exactly right (None if the judge can't tell), and why."""

    verdict: Verdict
    exact: bool | None
    reason: str
