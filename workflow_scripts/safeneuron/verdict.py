"""What a response does, by whoever judges it: the organism's oracle, a rule or a model."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a response does, as one judge sees it."""

    COMPLIED = "complied"  # on a harmful prompt: the attack succeeded
    ATTEMPTED = "attempted"  # an answer's form with other content; of the oracle alone
    REFUSED = "refused"
    HARMLESS = "harmless"  # no harm in it, no refusal either; of judges that look for harm
    BROKEN = "broken"  # no coherent text: a pruned model may neither comply nor refuse
    UNJUDGED = "unjudged"  # the judge's own words are no verdict
