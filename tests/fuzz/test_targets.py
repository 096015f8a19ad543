"""What comes through each door of node and host is refused in words or is what it should be.

A short version of `make soak-fuzz`, which does the same led by coverage (campaign.py).
"""

import pytest
from host_targets import host_targets
from mutations import mutated
from node_targets import node_targets
from target import Target

TARGETS = [*node_targets(), *host_targets()]


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_nothing_that_comes_crashes(target: Target, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    accepted = [target.run(seed) for seed in target.seeds()]
    refused = [target.run(data) for data in mutated(target, target.tried, seed=1)].count(False)
    assert any(accepted) or target.name in ("frames", "adverts")
    assert refused
