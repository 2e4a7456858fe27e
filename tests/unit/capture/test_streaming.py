import numpy as np
import torch

import tiny
from safeneuron.capture.streaming import Constants, StreamingMoments, constants_of, stack_layers
from safeneuron.models.sites import ffn_sites


def moments_of(*batches):
    moments = StreamingMoments()
    for batch in batches:
        moments.add(torch.tensor(batch))
    return moments


def test_moments_of_a_hand_computed_stream():
    moments = moments_of([[1.0, 10.0], [3.0, 10.0]], [[8.0, 10.0]])
    assert moments.count == 3
    assert moments.mean.tolist() == [4.0, 10.0]
    assert moments.m2.tolist() == [9.0 + 1.0 + 16.0, 0.0]


def test_single_precision_rows_are_accumulated_in_double_precision():
    # in float32 the sum of 2^24 and 1 is 2^24
    moments = moments_of([[2.0**24]], [[1.0]], [[1.0]])
    assert moments.mean.dtype == torch.float64
    assert moments.mean.item() == (2.0**24 + 2) / 3


def test_layers_stack_in_order():
    norm = np.array([[3.0], [4.0]])
    layers = [moments_of([[1.0], [3.0]]), moments_of([[5.0], [9.0]])]
    magnitudes = [torch.tensor([6.5]), torch.tensor([8.5])]
    means, m2s = [layer.mean for layer in layers], [layer.m2 for layer in layers]
    stacked = stack_layers(2, means, m2s, magnitudes, Constants(norm, 2.0**-7))
    assert stacked.count == 2
    np.testing.assert_array_equal(stacked.mean, [[2.0], [7.0]])
    np.testing.assert_array_equal(stacked.m2, [[2.0], [8.0]])
    np.testing.assert_array_equal(stacked.magnitude, [[6.5], [8.5]])
    np.testing.assert_array_equal(stacked.write_norm, norm)
    assert stacked.eps == 2.0**-7


def test_constants_are_those_of_the_sites_in_order():
    sites = ffn_sites(tiny.build().bfloat16())
    constants = constants_of(sites)
    assert constants.eps == 2.0**-7
    np.testing.assert_array_equal(constants.write_norm, [site.write_norm for site in sites])
