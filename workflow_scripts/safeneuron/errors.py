"""The errors that tell a user what to change."""


class SafeNeuronError(ValueError):
    """Something that a user can mend: a stage ends with the message alone, without a traceback."""


class CorruptFileError(SafeNeuronError):
    """A result is unreadable or not what was written; the message names it and what to do."""


class SourceError(SafeNeuronError):
    """A source of prompts or pairs is missing, unreadable, empty, or not as the config says."""
