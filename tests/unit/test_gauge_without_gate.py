"""Which changes of a neuron's weights leave a layer without a gate as it was (docs/gauge.md)."""

import numpy as np
import pytest
import torch

import families
import tiny
from safeneuron.models.sites import ffn_sites

PROMPTS = tiny.token_prompts(4)
RNG = np.random.default_rng(0)
GRID = (families.LAYERS, families.NEURONS)
SIGNS = RNG.choice([-1.0, 1.0], GRID)
SCALES = 2.0 ** RNG.integers(-2, 3, GRID)  # powers of two, so that nothing is rounded
UNGATED = [name for name, family in families.FAMILIES.items() if family.numbers == 1]
SQUARED = ["nemotron", "arcee", "persimmon"]  # by their activation function, relu(x) ** 2


@torch.no_grad()
def rewritten(name, factors, degree):
    """The logits with rows and biases times the factors, columns divided by a power of them."""
    model = families.build(name)
    for site, row in zip(ffn_sites(model), torch.from_numpy(factors).float(), strict=True):
        (inward,) = site.inward
        families.by_rows(name, inward.weight.data)[:] *= row[:, None]
        if inward.bias is not None:
            inward.bias *= row
        families.by_rows(name, site.down.weight.data)[:] /= row**degree
    return tiny.logits(model, PROMPTS)


def alike(one, other):
    return all(map(torch.equal, one, other))


@pytest.mark.parametrize("name", UNGATED)
def test_a_sign_flip_is_another_function(name):
    assert not alike(rewritten(name, SIGNS, 1), tiny.logits(families.build(name), PROMPTS))


@pytest.mark.parametrize("name", UNGATED)
@pytest.mark.parametrize("degree", [1, 2])
def test_only_a_square_can_be_rescaled(name, degree):
    same = alike(rewritten(name, SCALES, degree), tiny.logits(families.build(name), PROMPTS))
    assert same == (degree == 2 and name in SQUARED)


def test_the_page_names_the_families():
    page = (families.Path(__file__).parents[2] / "docs/gauge.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("| `relu(x)²`"))
    assert all(name in line.lower() for name in SQUARED)
