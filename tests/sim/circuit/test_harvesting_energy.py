"""Energy of a node that lives from its film: nothing appears, nothing vanishes."""

import random

import pytest
from film_world import PINS, SECOND_US, film_world, live, random_life, random_world

from filmgauge_sim.cell import load_parameters


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


def test_a_gate_draws_no_more_than_an_exhausted_film_gives() -> None:
    """Its fronts have met, and the one at the back bears no current to speak of."""
    world = film_world(parameters=load_parameters("evp-li-boundary"), stoichiometry=0.05)
    world.set_pin(PINS.gate, 1, 0)
    drawn = 0.0
    for hour in range(1, 60):
        world.advance_to(hour * 3600 * SECOND_US)
        assert world.truth().voltage_v > -0.01
        assert world.ledger.bus_input >= drawn
        drawn = world.ledger.bus_input
    assert world.truth().stoichiometry < 1e-3
    assert abs(world.ledger.imbalance_uj) <= 1e-9 * world.ledger.throughput_uj
