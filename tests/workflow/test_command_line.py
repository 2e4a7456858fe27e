"""Settings that are typed on Snakemake's own command line."""

import pytest

pytestmark = pytest.mark.workflow


def test_a_list_of_numbers_typed_after_config_is_one(dry_run):
    assert dry_run({}, "--config", "seeds=[0,1]").jobs["pretrain_organism"] == 2
    assert dry_run({}).jobs["pretrain_organism"] == 1
