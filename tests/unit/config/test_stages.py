"""Each stage gets just the keys that it uses."""

import pytest

from safeneuron.config import stages
from safeneuron.config.load import load_config
from safeneuron.organism.language import SPLITS


def test_language_gives_the_seed_and_the_sizes_of_every_split():
    sizes = {"per_category": 4, "benign": 5, "lookalike": 6, "task": 7}
    raw = {"organism": {"language": {"seed": 9, **dict.fromkeys(SPLITS, sizes)}}}
    assert stages.language(load_config(raw)) == {"seed": 9, "splits": dict.fromkeys(SPLITS, sizes)}


def test_size_of_an_organism_is_its_shape_alone():
    shape = {"layers": 2, "hidden": 32, "intermediate": 64, "heads": 2}
    raw = {"models": {"organism": {"kind": "organism", **shape}}, "run": {"models": ["organism"]}}
    assert stages.size(load_config(raw), "organism") == shape


def test_a_checkpoint_folder_has_no_size():
    config = load_config(
        {
            "models": {"mine": {"kind": "local", "path": "somewhere"}},
            "run": {"models": ["mine"], "attacked": [], "aligned": []},
        }
    )
    with pytest.raises(ValueError, match=r"models\.mine is not an organism"):
        stages.size(config, "mine")
