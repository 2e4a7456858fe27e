"""Moments for tests: of a float32 model whose neurons all write alike, unless a test says so."""

import numpy as np

from safeneuron.neurons.moments import Moments

EPS = float(np.finfo(np.float32).eps)


def moments(count, mean, m2, magnitude=None, write_norm=None, eps=EPS):
    magnitude = np.abs(mean) if magnitude is None else magnitude
    return Moments(
        count, mean, m2, magnitude, np.ones(mean.shape) if write_norm is None else write_norm, eps
    )


def moments_of(samples, write_norm=None, eps=EPS):
    """Moments of raw samples [prompts, layers, neurons]."""
    samples = np.asarray(samples, dtype=float)
    mean = samples.mean(axis=0)
    m2, magnitude = ((samples - mean) ** 2).sum(axis=0), np.abs(samples).mean(axis=0)
    return moments(len(samples), mean, m2, magnitude, write_norm, eps)
