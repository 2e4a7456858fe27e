"""Another batch size or padding side rounds activations otherwise: no effect size may follow it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeneuron.neurons.criteria.effect_size import effect_size
from synthetic import EPS, moments_of

WIDTH = 64
# what rounding may do to an activation, beyond what it did to constant neurons of real models
ROUNDING = {EPS: 4 * EPS, 2.0**-7: 2.0**-8}


def rounded(samples, eps, rng):
    """The same activations, each moved by rounding."""
    return samples * (1 + ROUNDING[eps] * rng.uniform(-1, 1, size=samples.shape))


@pytest.mark.parametrize("eps", ROUNDING)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(3, 40))
def test_rounding_moves_no_effect_size(eps, seed, n_unsafe, n_safe):
    rng = np.random.default_rng(seed)
    visible = 100 * ROUNDING[eps]
    size = rng.choice([-1, 1], WIDTH) * 10 ** rng.uniform(-3, 3, WIDTH)
    spread = rng.choice([0, 1], WIDTH) * 2 * visible * 10 ** rng.uniform(0, 0.5, WIDTH)
    shift = rng.choice([-1, 0, 1], WIDTH) * 2 * visible * 10 ** rng.uniform(0, 0.5, WIDTH)
    unsafe = size * (1 + shift + spread * rng.normal(size=(n_unsafe, 1, WIDTH)))
    safe = size * (1 + spread * rng.normal(size=(n_safe, 1, WIDTH)))
    # two prompts can be alike by chance, and then have no more than rounding for a spread
    real = np.sqrt((unsafe.var(0) + safe.var(0)) / 2) > visible * np.abs(size)
    keep = (real | (spread == 0))[0]
    one, other = (
        effect_size(*(moments_of(rounded(side[..., keep], eps, rng), eps=eps) for side in sides))
        for sides in ((unsafe, safe), (unsafe, safe))
    )
    np.testing.assert_allclose(one, other, rtol=0.1, atol=0.1)
    assert (one[:, ((spread == 0) & (shift == 0))[keep]] == 0).all()
    assert (np.abs(one[:, ((spread == 0) & (shift != 0))[keep]]) > 10).all()
