"""The table of experts: how often prompts reach each, and what of it is selected."""

import numpy as np
import pytest

from safeneuron.neurons.experts import ExpertsSettings, expert_rows, expert_tables
from safeneuron.neurons.moments import Moments, save_moments
from safeneuron.neurons.routing import Routing, per_neuron
from safeneuron.neurons.scores import LEAST_REACHING
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set

LAYERS, EXPERTS, WIDTH = 2, 3, 4
NEURONS = EXPERTS * WIDTH
STATE = {"model": "moe", "arm": "base", "round": 0, "seed": 0}
ABOUT = SetIdentity(**STATE, selection="paper", contrast="overall")
FEW = LEAST_REACHING - 1


def moments(reaching, share):
    zeros = np.zeros((LAYERS, NEURONS))
    count = per_neuron(np.array(reaching), NEURONS)
    return Moments(count, zeros, zeros, zeros, zeros, 1e-7, Routing(90, np.array(share)))


UNSAFE = moments([[90, 80, FEW], [90, 90, 90]], [[0.9, 0.9, 0.2], [0.5, 0.75, 0.75]])
SAFE = moments([[70, 60, 50], [90, LEAST_REACHING, 0]], [[0.6, 0.9, 0.5], [0.5, 0.75, 0.75]])


def chosen():
    mask = np.zeros((LAYERS, NEURONS), dtype=bool)
    mask[0, [0, 3, 4]] = mask[1, NEURONS - 1] = True
    return NeuronSet({"es": mask, "sas": mask & False}, ABOUT)


def test_rows_are_those_of_each_layer_and_expert():
    rows = expert_rows(chosen(), UNSAFE, SAFE)
    assert [(row["layer"], row["expert"]) for row in rows] == [*np.ndindex(LAYERS, EXPERTS)]
    assert all(row["model"] == "moe" and row["selection"] == "paper" for row in rows)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert columns["selected"] == [2, 1, 0, 0, 0, 1]
    assert columns["neurons"] == [WIDTH] * 6
    assert columns["fraction"] == [0.5, 0.25, 0, 0, 0, 0.25]
    assert columns["unsafe_prompts"] == [90, 80, FEW, 90, 90, 90]
    assert columns["safe_prompts"] == [70, 60, 50, 90, LEAST_REACHING, 0]
    assert columns["scored"] == [True, True, False, True, True, False]
    assert columns["routing_shift"] == pytest.approx([0.3, 0, -0.3, 0, 0, 0])
    z = 0.3 / np.sqrt(0.06)
    assert columns["routing_z"] == pytest.approx([z, 0, -z, 0, 0, 0])


def test_sets_find_the_moments_of_their_state(tmp_path):
    files = {}
    for seed in (0, 1):
        write_neuron_set(tmp_path / f"set{seed}", chosen_of(seed))
        for name, side in {"unsafe": UNSAFE, "safe": SAFE}.items():
            files[name, seed] = tmp_path / f"{name}{seed}"
            save_moments(files[name, seed], {"max": side if seed == 0 else SAFE})
    settings = ExpertsSettings(states=[STATE | {"seed": 1}, STATE], pooling="max")
    rows = expert_tables(
        settings,
        [tmp_path / "set0", tmp_path / "set1"],
        *([files[name, 1], files[name, 0]] for name in ("unsafe", "safe")),
    )
    assert [row["seed"] for row in rows] == [0] * 6 + [1] * 6
    assert rows[0]["unsafe_prompts"] == 90 and rows[6]["unsafe_prompts"] == 70


def chosen_of(seed):
    about = SetIdentity(**STATE | {"seed": seed}, selection="paper", contrast="overall")
    return NeuronSet(chosen().masks, about)


def test_a_dense_model_has_no_experts():
    zeros = np.zeros((LAYERS, NEURONS))
    dense = Moments(90, zeros, zeros, zeros, zeros, 1e-7)
    with pytest.raises(ValueError, match="a model without experts"):
        expert_rows(chosen(), dense, dense)
