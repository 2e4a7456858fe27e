"""Moments for tests: of a float32 model whose neurons all write alike, unless a test says so."""

import numpy as np

from safeneuron.neurons.moments import Moments

EPS = float(np.finfo(np.float32).eps)


def moments(count, mean, m2, write_norm=None, eps=EPS):
    return Moments(count, mean, m2, np.ones(mean.shape) if write_norm is None else write_norm, eps)


def moments_of(samples, write_norm=None, eps=EPS):
    """Moments of raw samples [prompts, layers, neurons]."""
    samples = np.asarray(samples, dtype=float)
    mean = samples.mean(axis=0)
    return moments(len(samples), mean, ((samples - mean) ** 2).sum(axis=0), write_norm, eps)
