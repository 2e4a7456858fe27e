"""The proof that freezing held: what it counts, and what it does not let pass."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from unit.alignment.rounds import NO_NEURONS, owned_elements

MASK = tiny.random_mask()
LAYER, FROZEN, FREE = 1, int(np.flatnonzero(MASK[1])[1]), int(np.flatnonzero(~MASK[1])[1])
MLP = f"model.layers.{LAYER}.mlp."


def weight(model, projection):
    return model.get_parameter(f"{MLP}{projection}.weight").data


def flip_last_bit(values, *index):
    values.view(torch.int32)[index] ^= 1


def test_it_counts_what_moved_and_by_how_much():
    before, model = tiny.build(), tiny.build()
    weight(before, "gate_proj")[FREE, :3] = 2.0
    weight(model, "gate_proj")[FREE, :3] = torch.tensor([2.5, 1.5, 2.25])
    report = freeze_report(model, before, MASK)
    frozen = int(MASK.sum()) * 3 * tiny.HIDDEN
    free = sum(p.numel() for p in model.parameters()) - frozen
    assert (report.frozen_elements, report.free_elements) == (frozen, free)
    assert report.frozen_max_change == 0.0
    assert report.frozen_sha256_before == report.frozen_sha256_after
    assert report.free_moved == 3 / free
    assert report.free_mean_change == pytest.approx(1.25 / free, rel=1e-12)
    report.check()


def test_it_shows_the_largest_change_of_a_frozen_element():
    before, model = tiny.build(), tiny.build()
    weight(before, "up_proj")[FROZEN, :2] = 1.0
    weight(model, "up_proj")[FROZEN, :2] = torch.tensor([1.25, 0.5])
    report = freeze_report(model, before, MASK)
    assert report.frozen_max_change == 0.5
    with pytest.raises(FreezeViolationError, match=r"frozen weights moved: \d+ .* 0\.5"):
        report.check()


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_single_frozen_element_counts(family):
    before, model = tiny.build(family), tiny.build(family)
    rng = np.random.default_rng(0)
    parameters = dict(model.named_parameters())
    owned = owned_elements(model, MASK)
    for name in [name for name, elements in owned.items() if elements.any()]:
        place = tuple(rng.choice(owned[name].nonzero().numpy()))
        flip_last_bit(parameters[name].data, *place)
        with pytest.raises(FreezeViolationError, match="frozen weights moved"):
            freeze_report(model, before, MASK).check()
        flip_last_bit(parameters[name].data, *place)
    flip_last_bit(model.get_input_embeddings().weight.data, 3, 0)
    freeze_report(model, before, MASK).check()


def test_a_zero_that_changes_its_sign_has_moved():
    before, model = tiny.build(), tiny.build()
    weight(before, "down_proj")[4, FROZEN] = 0.0
    weight(model, "down_proj")[4, FROZEN] = -0.0
    weight(model, "down_proj")[4, FREE] += 1
    report = freeze_report(model, before, MASK)
    assert report.frozen_max_change == 0.0
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        report.check()


@pytest.mark.parametrize(
    ("projection", "place"), [("gate_proj", (FREE, 0)), ("down_proj", (0, FREE))]
)
def test_a_neighbour_in_the_same_matrix_is_free(projection, place):
    before, model = tiny.build(), tiny.build()
    flip_last_bit(weight(model, projection), *place)
    report = freeze_report(model, before, MASK)
    assert report.free_moved * report.free_elements == 1
    report.check()


def test_a_model_that_did_not_train_is_a_violation():
    report = freeze_report(tiny.build(), tiny.build(), MASK)
    assert report.free_moved == report.free_mean_change == 0.0
    with pytest.raises(FreezeViolationError, match=f"nothing .*{report.free_elements} free"):
        report.check()


def test_weights_that_do_not_train_are_neither_frozen_nor_free():
    model = tiny.build()
    model.requires_grad_(False)
    model.lm_head.requires_grad_(True)
    report = freeze_report(model, tiny.build(), NO_NEURONS)
    assert (report.frozen_elements, report.free_elements) == (0, tiny.VOCABULARY * tiny.HIDDEN)


def test_a_tied_matrix_is_counted_once():
    model = tiny.build(tie_word_embeddings=True)
    untied = tiny.build()
    free = [freeze_report(m, m, NO_NEURONS).free_elements for m in (untied, model)]
    assert free[0] - free[1] == tiny.VOCABULARY * tiny.HIDDEN


def test_with_nothing_frozen_it_only_asks_that_something_trained():
    model = tiny.build()
    weight(model, "gate_proj")[FREE, 0] += 1
    freeze_report(model, tiny.build(), NO_NEURONS).check()


def test_half_precision_is_compared_by_its_bits():
    before, model = (tiny.build().to(torch.bfloat16) for _ in range(2))
    weight(model, "gate_proj").view(torch.int16)[FROZEN, 0] ^= 1
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(model, before, MASK).check()


def test_a_frozen_weight_that_became_nan_is_a_violation():
    before, model = tiny.build(), tiny.build()
    weight(model, "gate_proj")[FROZEN, 0] = float("nan")
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(model, before, MASK).check()


def test_a_frozen_weight_that_moved_is_reported_before_that_nothing_trained():
    before, model = tiny.build(), tiny.build()
    weight(model, "gate_proj")[FROZEN, 0] += 1
    with pytest.raises(FreezeViolationError, match="frozen weights moved: 1 of"):
        freeze_report(model, before, MASK).check()
