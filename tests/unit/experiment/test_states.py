from types import SimpleNamespace

from safeneuron.config.load import load_config
from safeneuron.experiment.paths import Paths, fill, over
from safeneuron.experiment.states import State, aligned_states, state_of, t0_states

CONFIG = load_config(
    {
        "seeds": [3, 5],
        "run": {
            "models": ["organism", "organism-small"],
            "attacked": ["organism"],
            "aligned": ["organism"],
            "arms": ["dpo", "freeze"],
        },
        "align": {"rounds": 2},
    }
)
T2 = State("organism", "freeze", 2, 3)


def test_a_jobs_wildcards_name_its_state():
    wildcards = SimpleNamespace(model="m", arm="dpo", round="2", seed="7", judge="oracle")
    assert state_of(wildcards) == State("m", "dpo", 2, 7)
    assert state_of(wildcards).folder == "m/dpo/T2/s7"


def test_rounds_are_chained_down_to_the_base():
    assert T2.after(1) == State("organism", "freeze", 1, 3)
    assert T2.after(0) == State("organism", "base", 0, 3)


def test_every_seed_has_its_own_states_and_only_aligned_models_have_rounds():
    assert t0_states(CONFIG, ["organism-small"]) == [
        State("organism-small", "base", 0, seed) for seed in (3, 5)
    ]
    assert aligned_states(CONFIG, ["organism-small"]) == []
    assert aligned_states(CONFIG, ["organism"]) == [
        State("organism", arm, number, seed)
        for arm in ("dpo", "freeze")
        for number in (1, 2)
        for seed in (3, 5)
    ]


def test_paths_are_filled_state_by_state():
    paths = Paths("results/mine")
    assert fill(paths.neuron_set, T2, selection="paper", contrast="d/theft") == (
        "results/mine/sets/organism/freeze/T2/s3/paper/d/theft.parquet"
    )
    assert over(t0_states(CONFIG, ["organism"]), paths.checkpoint) == [
        f"results/mine/models/organism/base/T0/s{seed}/checkpoint.json" for seed in (3, 5)
    ]
    assert paths.preferences(["mix", "mix", "b/mix"]) == [
        "results/mine/preferences/mix.parquet",
        "results/mine/preferences/b/mix.parquet",
    ]
