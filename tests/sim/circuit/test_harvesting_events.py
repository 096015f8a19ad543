"""What happens when: brown-out, restart, lock-out, cold start, cut-offs, the open switch."""

import math
from dataclasses import replace

import pytest
from film_world import BROWN_OUT_V, PINS, SECOND_US, SUPPLY_V, film_world

from filmgauge_sim.circuit.capacitor import Capacitor
from filmgauge_sim.circuit.converter import Converter
from filmgauge_sim.circuit.harvester import ConstantHarvester
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.circuit.rail import Comparator

LONG_US = 100_000 * SECOND_US


def alone(**given: object) -> HarvestingCircuit:
    """Return a world whose disconnect switch is open: only the capacitor carries the board."""
    world = film_world(**given)  # type: ignore[arg-type]
    world.set_pin(PINS.disconnect, 1, 0)
    return world


def test_brown_out_comes_when_a_fine_integration_says() -> None:
    part, load_ua = Capacitor(220.0, 0.5, 8.0), 4000.0
    world = alone(capacitor=part)
    lost_us = world.draw(load_ua, 0, LONG_US)
    assert lost_us is not None
    converter = Converter()
    taken_uw = load_ua * SUPPLY_V / converter.output_efficiency + converter.quiescent_uw
    v, step_s, steps = 3.3, 1e-6, 0
    while True:
        u = (v + math.sqrt(v * v - 4e-6 * taken_uw * part.series_ohm)) / 2
        if u <= BROWN_OUT_V:
            break
        # Midpoint rule: its error over 30 000 steps is far below one step.
        half = v - step_s / 2 * (taken_uw / u + v / part.leakage_mohm) / part.capacitance_uf
        u = (half + math.sqrt(half * half - 4e-6 * taken_uw * part.series_ohm)) / 2
        v -= step_s * (taken_uw / u + half / part.leakage_mohm) / part.capacitance_uf
        steps += 1
    assert abs(lost_us - steps) <= 1
    assert not world.board_on


def test_the_board_comes_back_above_restart_and_not_before() -> None:
    world = film_world(capacitor=Capacitor(100.0, 1e6))
    assert world.draw(8000.0, 0, LONG_US) is not None
    assert world.restore(LONG_US)
    assert world.capacitor_v == pytest.approx(Converter().restart_v, abs=1e-5)
    assert world.now_us > 1 * SECOND_US


def test_lock_out_has_hysteresis_and_a_cold_start_is_slow() -> None:
    converter = Converter()
    part = Capacitor(100.0, 1e6)
    world = alone(capacitor=part, start_v=1.9, harvester=ConstantHarvester(100.0))
    # Between stop_v and start_v a converter that was off stays off: 5 % of 100 uW.
    cold_s = (part.energy_uj(2.0) - part.energy_uj(1.9)) / (converter.cold_efficiency * 100.0)
    world.advance_to(round(cold_s * 1e6) - 10)
    assert world.ledger.quiescent == 0.0
    gain_uw = converter.passed_uw(100.0) - converter.quiescent_uw
    warm_s = (part.energy_uj(3.0) - part.energy_uj(2.0)) / gain_uw
    assert world.restore(LONG_US)
    assert world.now_us / 1e6 == pytest.approx(cold_s + warm_s, rel=1e-4)


def test_a_weak_harvester_cannot_start_a_cold_converter() -> None:
    world = alone(start_v=0.5, harvester=ConstantHarvester(14.0))
    assert not world.restore(LONG_US)
    assert world.ledger.turned_away == pytest.approx(world.ledger.harvested)


def test_a_cell_starts_a_dead_node() -> None:
    assert film_world(start_v=0.0).restore(LONG_US)


def test_the_cell_is_left_alone_below_one_volt() -> None:
    world = film_world(stoichiometry=0.2, capacitor=Capacitor(100.0, 0.5))
    loaded_v = []
    for tenths_s in range(3000):  # at its end the voltage falls by 0.1 V in one
        world.advance_to(tenths_s * SECOND_US // 10)
        truth = world.truth()
        if truth.current_ua != 0.0:
            loaded_v.append(truth.voltage_v)
    assert 1.0 - 1e-6 <= min(loaded_v) < 1.05
    assert truth.current_ua == 0.0
    assert world.capacitor_v < Converter().refill_v  # which asks for charge that the cell has not


def test_a_full_cell_turns_the_harvester_away() -> None:
    world = film_world(stoichiometry=0.98, harvester=ConstantHarvester(200.0))
    world.advance_to(2 * 3600 * SECOND_US)
    assert world.truth().stoichiometry > 0.98
    assert world.truth().voltage_v <= 4.0 + 1e-6
    assert world.ledger.turned_away > 0
    assert world.capacitor_v <= Converter().ceiling_v + 1e-6


def test_an_open_switch_makes_the_current_exactly_zero() -> None:
    world = film_world(start_v=2.9)
    assert world.truth().current_ua == -Converter().discharge_ua
    world.set_pin(PINS.disconnect, 1, 0)
    world.set_pin(PINS.gate, 1, 0)
    assert world.truth().current_ua == 0.0


def test_sensors_draw_only_while_their_pin_is_high() -> None:
    world = alone()
    world.draw(1.0, 0, SECOND_US)
    world.advance_to(SECOND_US)
    assert world.ledger.sensors == 0.0
    assert world.bus.scan(SECOND_US) == []
    world.set_pin(11, 1, SECOND_US)
    assert world.bus.scan(SECOND_US) == [0x40, 0x48]
    world.advance_to(SECOND_US + 10_000)
    # 640 uA of the INA228 for 10 ms at 3 V, and up to 135 uA of the TMP117.
    assert 19.2 <= world.ledger.sensors <= 23.3


def test_efficiency_and_its_inverse() -> None:
    converter = replace(Converter(), peak_efficiency=0.8, half_uw=2.0)
    assert converter.passed_uw(2.0) == pytest.approx(0.8)  # half of the peak
    assert converter.needed_uw(converter.passed_uw(17.0)) == pytest.approx(17.0)


def test_a_comparator_remembers() -> None:
    part = Comparator(1.0, 2.0)
    seen = []
    for voltage_v in (1.5, 2.0, 1.5, 1.0, 1.5):
        part.update(voltage_v)
        seen.append(part.on)
    assert seen == [False, True, True, False, False]


def test_chatter_is_refused() -> None:
    with pytest.raises(ValueError, match="series_ohm"):
        film_world(capacitor=Capacitor(100.0, 1.0, 50.0), harvester=ConstantHarvester(90_000.0))


def test_a_board_goes_on_where_its_draw_ended() -> None:
    world = film_world(capacitor=Capacitor(1e5, 1e3))
    for begin_us in range(0, 10 * SECOND_US, SECOND_US):
        assert world.draw(1.0, begin_us, begin_us + SECOND_US) is None
        assert world.restore(LONG_US)
        assert world.now_us == begin_us + SECOND_US
