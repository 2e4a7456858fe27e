"""One log format for every stage."""

import logging

_NOISY = ("fontTools", "matplotlib")


def configure() -> None:
    """Log to standard error, with times, from INFO on."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    for library in _NOISY:
        logging.getLogger(library).setLevel(logging.WARNING)
