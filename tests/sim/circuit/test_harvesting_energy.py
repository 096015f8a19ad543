"""Energy of a node that lives from its film: nothing appears, nothing vanishes."""

import random

import pytest
from film_world import live, random_life, random_world


@pytest.mark.parametrize("seed", range(16))
def test_the_ledger_balances(seed: int) -> None:
    rng = random.Random(seed)
    world = random_world(rng)
    live(world, random_life(rng))
    ledger = world.ledger
    assert ledger.throughput_uj > 0
    assert abs(ledger.imbalance_uj) <= 1e-9 * ledger.throughput_uj


@pytest.mark.parametrize("seed", range(6))
def test_splitting_every_wait_changes_nothing(seed: int) -> None:
    whole, split = (random_world(random.Random(seed)) for _ in range(2))
    life = random_life(random.Random(seed + 1000), acts=40)
    live(whole, life)
    live(split, life, splits=7)
    assert split.now_us == whole.now_us
    assert split.board_on == whole.board_on
    assert split.capacitor_v == pytest.approx(whole.capacitor_v, rel=1e-9)
    assert split.truth().stoichiometry == pytest.approx(whole.truth().stoichiometry, rel=1e-9)
    assert split.truth().voltage_v == pytest.approx(whole.truth().voltage_v, rel=1e-9)
