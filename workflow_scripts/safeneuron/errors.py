"""The base of the errors that tell a user what to change."""


class SafeNeuronError(ValueError):
    """Something that a user can mend: a stage ends with the message alone, without a traceback."""
