"""Reproducible arithmetic on the CPU."""

import torch


def set_deterministic(cpu_threads: int) -> None:
    """Fix the number of threads (it changes the last digits) and use deterministic kernels."""
    torch.set_num_threads(cpu_threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
