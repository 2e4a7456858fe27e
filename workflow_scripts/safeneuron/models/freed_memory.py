"""How the C library keeps what tensors have freed.

By hand, since torch has no setting for it on the CPU: glibc hands blocks of over 32 MiB back to the
system as soon as they are free, and the system clears every page of the next one. Logits, weights'
gradients and the optimizer's terms are such blocks in every step of a training.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt(3)
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Keep freed blocks of any size for the next ones, where the C library is glibc.

    A process then holds at its end what it held at its peak.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _NEVER)
