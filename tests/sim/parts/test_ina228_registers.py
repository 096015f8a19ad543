"""INA228: register map, reset, supply, modes and timing (datasheet sections 6.5, 7.3.4, 7.6)."""

import itertools

import pytest
from ina228_bench import (
    ADC_CONFIG,
    AVERAGES,
    BUS,
    CHARGE,
    CONFIG,
    CONTINUOUS,
    CURRENT,
    DIAG_ALRT,
    DIETEMP,
    RANGE_LOW,
    SHUNT,
    SHUNT_CAL,
    SHUTDOWN,
    START_UP,
    TEMPERATURE,
    TIMES,
    VBUS,
    VSHUNT,
    WAKE,
    Bench,
    adc,
)

from filmgauge_sim.parts.bus import Nack
from filmgauge_sim.parts.ina228_errors import Ina228Errors

# Section 7.6: address, value after power-on
RESET = {
    0x00: 0x0000, 0x01: 0xFB68, 0x02: 0x1000, 0x04: 0, 0x05: 0, 0x06: 0, 0x07: 0, 0x0A: 0,
    0x0B: 0x0001, 0x0E: 0x7FFF, 0x3E: 0x5449, 0x3F: 0x2281,
}  # fmt: skip
# Section 7.6: bits that a write stores (without the shunt's compensation, bit 5 of CONFIG)
WRITABLE = {0x00: 0x3FD0, 0x01: 0xFFFF, 0x02: 0x7FFF, 0x0E: 0x7FFF}
CNVRF = 0x0002


def used() -> Bench:
    """A part with results, accumulated charge and no register at its reset value."""
    bench = Bench()
    for register, mask in WRITABLE.items():
        if register not in (CONFIG, ADC_CONFIG):
            bench.write(register, 0x1234 & mask)
    bench.write(ADC_CONFIG, adc(CONTINUOUS | BUS | SHUNT | TEMPERATURE))
    bench.run(1_000_000, current=7.0)
    return bench


def test_reset_values() -> None:
    assert Bench(config=0).everything() == RESET


@pytest.mark.parametrize("register", WRITABLE)
def test_a_write_stores_only_the_bits_that_exist(register: int) -> None:
    bench = Bench(config=0)
    for word in (0x3FFF, 0x0000, 0xA5A5 & 0x3FFF):
        bench.write(register, word | (0xC000 & WRITABLE[register]))
        assert bench.raw(register) == (word | 0xC000) & WRITABLE[register]


def test_diagnostics_store_only_their_four_settings() -> None:
    bench = Bench()
    bench.write(DIAG_ALRT, 0xFFFF)
    assert bench.raw(DIAG_ALRT) == 0xF001


@pytest.mark.parametrize("register", [VSHUNT, VBUS, DIETEMP, CURRENT, 0x3E, 0x3F, 0x20])
def test_read_only_and_missing_registers_ignore_writes(register: int) -> None:
    bench = Bench()
    before = bench.raw(register)
    bench.write(register, 0xA5A5)
    assert bench.raw(register) == before


def test_a_cut_write_changes_nothing() -> None:
    bench = Bench()
    bench.bus.write(0x40, SHUNT_CAL, b"\x05", bench.now)
    assert bench.raw(SHUNT_CAL) == 0x1000


def test_rst_is_like_power_on_and_clears_itself() -> None:
    bench = used()
    assert bench.signed(CHARGE) > 0
    bench.write(CONFIG, 0x8000 | RANGE_LOW)
    assert bench.everything() == RESET


def test_a_power_cycle_forgets() -> None:
    bench = used()
    bench.ina.power(False, bench.now)
    assert bench.ina.supply_ua == 0.0
    with pytest.raises(Nack):
        bench.raw(CHARGE)
    bench.run(1_000_000, current=7.0)
    bench.ina.power(True, bench.now)
    assert bench.everything() == RESET


def test_switching_on_twice_changes_nothing() -> None:
    bench = used()
    charge = bench.signed(CHARGE)
    bench.ina.power(True, bench.now + 500_000)
    assert bench.signed(CHARGE) == charge
    bench.run(1_000_000, current=7.0)  # and the half second is not lost
    assert abs(bench.signed(CHARGE) - 2 * charge) <= 2 * charge / 50


def test_rstacc_clears_the_accumulator_only() -> None:
    bench = used()
    before = bench.everything()
    bench.write(CONFIG, before[CONFIG] | 0x4000)
    after = bench.everything()
    assert after[CHARGE] == 0
    others = set(before) - {CHARGE, DIAG_ALRT}
    assert {r: after[r] for r in others} == {r: before[r] for r in others}
    bench.run(1_000_000, current=7.0)
    assert bench.signed(CHARGE) > 0  # the bit cleared itself


def test_after_power_on_it_converts_everything_every_3156_us() -> None:
    bench = Bench(config=0)
    bench.run(START_UP + 3 * 1052 - 1, current=10.0)
    assert not bench.raw(DIAG_ALRT) & CNVRF
    assert bench.code(VSHUNT) == bench.code(VBUS) == bench.signed(DIETEMP) == 0
    bench.run(1, current=10.0)
    assert bench.raw(DIAG_ALRT) & CNVRF
    assert bench.code(VSHUNT) == 32000  # 10 mV / 312.5 nV
    assert bench.code(VBUS) == 10240  # 2 V / 195.3125 uV
    assert bench.signed(DIETEMP) == 3200  # 25 degC / 7.8125 m degC


@pytest.mark.parametrize("channels", range(1, 8))
@pytest.mark.parametrize("trigger", [0, CONTINUOUS])
@pytest.mark.parametrize("average", [0, 1])
def test_a_cycle_is_the_sum_of_its_channels_times_the_averages(
    channels: int, trigger: int, average: int
) -> None:
    bench = Bench()
    bench.start(adc(trigger | channels, bus=1, shunt=4, temperature=6, average=average))
    chosen = [
        TIMES[1] * (channels & 1),
        TIMES[4] * (channels >> 1 & 1),
        TIMES[6] * (channels >> 2),
    ]
    due = sum(chosen) * AVERAGES[average]
    bench.run(due - 1, current=10.0)
    assert not bench.raw(DIAG_ALRT) & CNVRF
    bench.run(1, current=10.0)
    assert bench.raw(DIAG_ALRT) & CNVRF
    results = [bench.code(VBUS), bench.code(VSHUNT), bench.signed(DIETEMP)]
    assert [bool(r) for r in results] == [bool(c) for c in chosen]


@pytest.mark.parametrize(("field", "averages"), list(enumerate(AVERAGES)))
def test_averaging_delays_the_result(field: int, averages: int) -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT, shunt=0, average=field))
    bench.run(50 * averages - 1, current=1.0)
    assert bench.code(CURRENT) == 0
    bench.run(1, current=1.0)
    assert bench.code(CURRENT) == 12800  # 1 mV / 78.125 nV


@pytest.mark.parametrize(("field", "time"), list(enumerate(TIMES)))
def test_conversion_times(field: int, time: int) -> None:
    bench = Bench()
    bench.start(adc(SHUNT, shunt=field))
    bench.run(time - 1, current=1.0)
    assert bench.code(VSHUNT) == 0
    bench.run(1, current=1.0)
    assert bench.code(VSHUNT) == 12800


@pytest.mark.parametrize("steps", [1, 255])
def test_convdly_delays_the_first_conversion_only(steps: int) -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT, shunt=0), config=RANGE_LOW | steps << 6)
    bench.run(2000 * steps + 49, current=1.0)
    assert not bench.raw(DIAG_ALRT) & CNVRF
    bench.run(1, current=1.0)
    assert bench.raw(DIAG_ALRT) & CNVRF
    bench.run(50, current=2.0)
    assert bench.code(VSHUNT) == 25600


def test_an_early_write_does_not_shorten_the_start_up() -> None:
    bench = Bench()
    bench.run(100)
    bench.write(ADC_CONFIG, adc(SHUNT, shunt=0))
    bench.run(START_UP - 100 + 49, current=1.0)
    assert not bench.raw(DIAG_ALRT) & CNVRF
    bench.run(1, current=1.0)
    assert bench.raw(DIAG_ALRT) & CNVRF


def test_a_triggered_conversion_happens_once_then_shutdown() -> None:
    bench = Bench()
    bench.start(adc(SHUNT | BUS))
    assert bench.ina.supply_ua == 640.0
    assert bench.ina.next_change_us == bench.now + 2 * 4120
    bench.run(2 * 4120, current=1.0)
    assert bench.ina.supply_ua == 5.0
    assert bench.ina.next_change_us is None
    bench.run(1_000_000, current=9.0)
    assert bench.code(CURRENT) == 12800
    assert bench.signed(CHARGE) == 0  # the accumulator needs continuous mode
    bench.write(ADC_CONFIG, bench.raw(ADC_CONFIG))  # the same word triggers again
    assert not bench.raw(DIAG_ALRT) & CNVRF
    bench.run(WAKE + 2 * 4120, current=-1.0)
    assert bench.code(CURRENT) == -12800


def test_a_triggered_run_takes_all_its_averages() -> None:
    bench = Bench()
    bench.start(adc(SHUNT, shunt=0, average=1))
    assert bench.ina.next_change_us == bench.now + 4 * 50
    for current in (1.0, 2.0, 3.0, 6.0):
        bench.run(50, current=current)
    bench.run(10_000, current=30.0)
    assert bench.code(CURRENT) == 3 * 12800


def test_shutdown_keeps_what_was_measured() -> None:
    bench = used()
    bench.raw(DIAG_ALRT)
    before = bench.everything()
    bench.write(ADC_CONFIG, adc(SHUTDOWN))
    bench.run(1_000_000, current=-20.0)
    after = bench.everything()
    assert after == before | {ADC_CONFIG: adc(SHUTDOWN)}
    assert bench.ina.supply_ua == 5.0


def test_shutdown_keeps_the_ready_flag_and_reading_it_clears_it() -> None:
    bench = Bench()
    bench.start(adc(SHUNT, shunt=0))
    bench.run(50)
    bench.write(ADC_CONFIG, adc(SHUTDOWN))
    assert bench.raw(DIAG_ALRT) & CNVRF
    assert not bench.raw(DIAG_ALRT) & CNVRF


def test_writing_adc_config_restarts_the_conversion_in_progress() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(4000, current=9.0)
    bench.write(ADC_CONFIG, adc(CONTINUOUS | SHUNT))
    bench.run(4119, current=1.0)
    assert bench.code(CURRENT) == 0
    bench.run(1, current=1.0)
    assert bench.code(CURRENT) == 12800


def test_time_never_goes_back_and_a_converting_part_is_not_read_ahead() -> None:
    bench = Bench()
    bench.run(1000)
    with pytest.raises(ValueError, match="at least 1000"):
        bench.ina.advance(999, 0.0, 0.0, 0.0, 25.0)
    with pytest.raises(ValueError, match="at least 1000"):
        bench.ina.read(CHARGE, 5, 999)
    with pytest.raises(ValueError, match="at least 1000"):
        bench.ina.power(False, 999)
    with pytest.raises(ValueError, match="advance the part"):
        bench.ina.read(CHARGE, 5, 1001)


def test_a_part_in_shutdown_may_be_read_ahead() -> None:
    bench = Bench()
    bench.write(ADC_CONFIG, adc(SHUTDOWN))
    assert bench.bus.read(0x40, 0x3E, 2, 5000) == b"TI"
    with pytest.raises(ValueError, match="at least 5000"):
        bench.ina.advance(4999, 0.0, 0.0, 0.0, 25.0)


def test_supply_and_input_of_a_converting_part() -> None:
    bench = Bench()
    assert bench.ina.supply_ua == 640.0
    assert bench.ina.bus_input_ohm == 1e6
    assert bench.ina.next_change_us is None


def test_same_seed_same_bytes() -> None:
    def trace(seed: int) -> list[int]:
        bench = Bench(Ina228Errors.worst(), seed=seed)
        values: list[int] = []
        for us, current in zip(itertools.cycle((7, 4999, 1_000_003)), range(30), strict=False):
            bench.run(us, current=float(current))
            values += bench.everything().values()
        return values

    assert trace(5) == trace(5)
    assert trace(5) != trace(6)
