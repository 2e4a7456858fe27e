"""The built-in model organism: its language and its training."""

from safeneuron.organism.settings import Gate, Language, Pretrain, SafetyTuning
from safeneuron.settings import Section


class Organism(Section):
    """The built-in model organism, for all its sizes."""

    language: Language = Language()
    pretrain: Pretrain = Pretrain()
    safety_tuning: SafetyTuning = SafetyTuning()
    gate: Gate = Gate()
