"""Refusal directions against the same search by edited weights, in NumPy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp

import families
import tiny
from safeneuron.data.spread import halves
from safeneuron.directions.refusal import (
    mean_residuals,
    refusal_directions,
)
from safeneuron.directions.settings import DirectionSearch
from safeneuron.models.first_tokens import Halves, first_token_log_probs

PHASES = 3
PROMPTS = tiny.token_prompts(24, seed=3, longest=6)
# every prompt ends in the token that a template would end in
ENDED = [[*ids, 7] for ids in PROMPTS]
UNSAFE, SAFE = (Halves(*halves(side, 100)) for side in (ENDED[:14], ENDED[14:]))


@torch.no_grad()
def build():
    model = tiny.build(layers=4, tie_word_embeddings=False)
    for name, parameter in model.named_parameters():
        if "norm" in name:  # their gains differ, as after training
            torch.nn.init.normal_(parameter, mean=1.0, std=0.5)
    return model


def search(**changes):
    return DirectionSearch(**{"phases": PHASES, "max_kl": 1.0, "prompts": 100, **changes})


def found(model, settings, batch_size=64):
    return refusal_directions(model, UNSAFE, SAFE, settings, batch_size, tiny.PAD)


@torch.no_grad()
def edited(directions):
    """The model with directions taken out of the matrices that write (Arditi et al., Eq. 5)."""
    model = build().double()
    rows = torch.from_numpy(np.array(directions).reshape(-1, tiny.HIDDEN))
    keep = torch.eye(tiny.HIDDEN, dtype=torch.double) - rows.T @ rows
    model.model.embed_tokens.weight.copy_(model.model.embed_tokens.weight @ keep)
    for layer in model.model.layers:
        for writer in (layer.self_attn.o_proj, layer.mlp.down_proj):
            writer.weight.copy_(keep @ writer.weight)
    return model


@torch.no_grad()
def looked_at(model, prompts):
    """Of each prompt's last token: what layers are given and the last one gives, before the norm,
    and the next one's log-probabilities."""
    ends = []
    hook = model.model.norm.register_forward_pre_hook(lambda _, args: ends.append(args[0]))
    seen = [model(input_ids=torch.tensor([ids]), output_hidden_states=True) for ids in prompts]
    hook.remove()
    given = [
        torch.stack([*out.hidden_states[:-1], end])[:, 0, -1].numpy()
        for out, end in zip(seen, ends, strict=True)
    ]
    return np.array(given), log_softmax([out.logits[0, -1].numpy() for out in seen], axis=-1)


def by_hand(max_kl):
    """Phase by phase: the layers' scores, and the one that is chosen."""
    clean = [looked_at(edited([]), side.choose)[1] for side in (UNSAFE, SAFE)]
    often = [np.exp(side).mean(axis=0) for side in clean]
    refusal = often[0] > often[1]
    chosen, rows = [], []
    for phase in range(1, PHASES + 1):
        model = edited(chosen)
        means = [looked_at(model, side.estimate)[0].mean(axis=0) for side in (UNSAFE, SAFE)]
        tried = []
        for layer, difference in enumerate(means[0] - means[1]):
            norm = np.linalg.norm(difference)
            if norm < 1e-9:
                continue
            attacked = edited([*chosen, difference / norm])
            unsafe, safe = (looked_at(attacked, side.choose)[1] for side in (UNSAFE, SAFE))
            odds = logsumexp(unsafe[:, refusal], axis=1) - logsumexp(unsafe[:, ~refusal], axis=1)
            kl = (np.exp(clean[1]) * (clean[1] - safe)).sum(axis=1).mean()
            tried.append((phase, layer, norm, odds.mean(), kl, difference / norm))
        allowed = [one for one in tried if one[4] <= max_kl]
        best = min(allowed, key=lambda o: o[3]) if allowed else min(tried, key=lambda o: o[4])
        chosen.append(best[-1])
        rows += [(*one[:-1], one[1] == best[1]) for one in tried]
    return np.array(chosen), rows


@pytest.mark.parametrize("max_kl", [1e9, 0.3, 1e-9], ids=["any", "some", "none"])
def test_layers_and_directions_are_those_of_the_search_by_hand(max_kl):
    directions, rows = by_hand(max_kl)
    result = found(build(), search(max_kl=max_kl))
    columns = ("phase", "layer", "norm", "log_odds", "kl", "chosen")
    np.testing.assert_allclose(
        np.array([[row[name] for name in columns] for row in result.rows], dtype=float),
        np.array(rows, dtype=float),
        rtol=1e-3,
        atol=1e-4,
    )
    np.testing.assert_allclose(result.directions, directions, atol=1e-4)
    np.testing.assert_allclose(result.directions @ result.directions.T, np.eye(PHASES), atol=1e-12)
    assert result.layers == [row["layer"] for row in result.rows if row["chosen"]]
    assert [row["within"] for row in result.rows] == [row[4] <= max_kl for row in rows]


def test_the_bound_decides_between_layers():
    """What makes the test above one of the bound: with it, another layer is chosen."""
    layers = {kl: [r[1] for r in by_hand(kl)[1] if r[-1]] for kl in (1e9, 1e-9)}
    assert layers[1e9] != layers[1e-9]


def test_the_first_layer_is_given_the_same_and_is_no_candidate():
    assert {row["layer"] for row in found(build(), search()).rows} == {1, 2, 3, 4}


def test_batches_change_nothing_but_the_last_digits():
    one, other = (found(build(), search(phases=1), batch_size=size) for size in (1, 64))
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-5)


def test_where_nothing_tells_the_sides_apart_there_is_no_direction():
    same = Halves(ENDED[:4], ENDED[:4])
    result = refusal_directions(build(), same, same, search(), 8, tiny.PAD)
    assert result.directions.shape == (0, tiny.HIDDEN)
    assert result.layers == result.rows == []


def test_what_is_read_is_part_of_the_search():
    write, both = (found(build(), search(operator=o, max_kl=1e9)) for o in ("write", "write_read"))
    np.testing.assert_allclose(write.rows[0]["norm"], both.rows[0]["norm"])  # of the clean model
    assert write.rows[0]["log_odds"] != pytest.approx(both.rows[0]["log_odds"], abs=1e-3)


@pytest.mark.parametrize("name", families.OF_ONE_STREAM)
def test_first_tokens_and_means_are_those_of_prompts_alone_in_every_family(name):
    model = families.build(name)
    with torch.no_grad():
        alone = [model(input_ids=torch.tensor([ids])).logits[0, -1] for ids in ENDED[:5]]
    expected = torch.stack(alone).log_softmax(dim=-1)
    log_probs = first_token_log_probs(model, ENDED[:5], 3, families.TOKENIZER.pad_token_id)
    torch.testing.assert_close(log_probs, expected, rtol=0, atol=1e-3)
    means = mean_residuals(model, ENDED[:5], 3, families.TOKENIZER.pad_token_id)
    each = [mean_residuals(model, [ids], 1, families.TOKENIZER.pad_token_id) for ids in ENDED[:5]]
    np.testing.assert_allclose(means, np.mean(each, axis=0), rtol=1e-3, atol=1e-3)
