"""TMP117 (datasheet SNOSD82D, sections 6.5, 7.3, 7.4, 7.6)."""

from fractions import Fraction

import pytest

from filmgauge_sim.parts.bus import Nack
from filmgauge_sim.parts.tmp117 import Tmp117

RESULT, CONFIGURATION, DEVICE_ID = 0, 1, 0x0F
READY = 0x2000
START_UP = 1_500
SHUTDOWN, ONE_SHOT = 1, 3
LSB = Fraction(78125, 10**7)


class Bench:
    """One sensor without error, switched on at time 0."""

    def __init__(self, offset_c: float = 0.0) -> None:
        self.part = Tmp117(offset_c=offset_c)
        self.now = 0
        self.part.power(True, 0)

    def run(self, us: int, celsius: float = 25.0) -> None:
        self.now += us
        self.part.advance(self.now, celsius)

    def raw(self, register: int) -> int:
        return int.from_bytes(self.part.read(register, 2, self.now), "big")

    def counts(self) -> int:
        value = self.raw(RESULT)
        return value - 0x10000 if value & 0x8000 else value

    def write(self, register: int, word: int) -> None:
        self.part.write(register, word.to_bytes(2, "big"), self.now)


def word(mode: int = 0, cycle: int = 4, average: int = 1) -> int:
    return mode << 10 | cycle << 7 | average << 5


def one_shot(celsius: float, offset_c: float = 0.0) -> Bench:
    bench = Bench(offset_c)
    bench.write(CONFIGURATION, word(ONE_SHOT, average=0))
    bench.run(15_500, celsius)
    return bench


def test_reset_values() -> None:
    bench = Bench()
    values = [bench.raw(r) for r in (RESULT, CONFIGURATION, DEVICE_ID)]
    assert values == [0x8000, 0x0220, 0x0117]


@pytest.mark.parametrize("celsius", ["25", "-25", "0.0078125", "-0.125", "49.99", "150", "-55"])
def test_resolution(celsius: str) -> None:
    counts = one_shot(float(celsius)).counts()
    assert abs(counts * LSB - Fraction(celsius)) <= LSB / 2


def test_no_result_before_the_first_conversion_ends() -> None:
    bench = Bench()
    bench.run(START_UP + 8 * 15_500 - 1)
    assert bench.raw(RESULT) == 0x8000
    assert not bench.raw(CONFIGURATION) & READY
    bench.run(1)
    assert bench.raw(CONFIGURATION) & READY
    assert bench.raw(RESULT) == 0x0C80


@pytest.mark.parametrize(("average", "conversions"), [(0, 1), (1, 8), (2, 32), (3, 64)])
def test_a_one_shot_takes_its_averages_then_shutdown(average: int, conversions: int) -> None:
    bench = Bench()
    bench.write(CONFIGURATION, word(SHUTDOWN))
    bench.run(10_000_000)
    assert bench.raw(RESULT) == 0x8000
    assert bench.part.supply_ua == 0.15
    bench.write(CONFIGURATION, word(ONE_SHOT, average=average))
    assert bench.part.supply_ua == 135.0
    assert bench.part.next_change_us == bench.now + conversions * 15_500
    bench.run(conversions * 15_500 - 1)
    assert bench.raw(RESULT) == 0x8000
    bench.run(1)
    assert bench.raw(CONFIGURATION) == READY | word(SHUTDOWN, average=average)
    assert bench.part.next_change_us is None
    assert bench.part.supply_ua == 0.15
    bench.run(10_000_000, celsius=40.0)
    assert bench.raw(RESULT) == 0x0C80


# Section 7.6, table of conversion cycles: rows CONV 0 to 7, columns AVG 0 to 3, ms
CYCLES_MS = [
    [15.5, 125, 500, 1000],
    [125, 125, 500, 1000],
    [250, 250, 500, 1000],
    [500, 500, 500, 1000],
    [1000, 1000, 1000, 1000],
    [4000, 4000, 4000, 4000],
    [8000, 8000, 8000, 8000],
    [16000, 16000, 16000, 16000],
]


@pytest.mark.parametrize("cycle", range(8))
@pytest.mark.parametrize("average", range(4))
def test_conversion_cycle(cycle: int, average: int) -> None:
    bench = Bench()
    bench.write(CONFIGURATION, word(0, cycle, average))
    active = (1, 8, 32, 64)[average] * 15_500
    bench.run(active, celsius=10.0)
    assert bench.counts() == 10 * 128
    bench.run(int(CYCLES_MS[cycle][average] * 1000) - 1, celsius=20.0)
    assert bench.counts() == 10 * 128
    bench.run(1, celsius=20.0)
    assert bench.counts() == 20 * 128


def test_one_call_equals_many() -> None:
    once, often = Bench(), Bench()
    once.run(60_000_123, celsius=31.0)
    for _ in range(123):
        often.run(487_805, celsius=31.0)
    often.run(60_000_123 - often.now, celsius=31.0)
    for bench in (once, often):
        bench.raw(RESULT)
        bench.run(500_000)
    assert once.raw(CONFIGURATION) == often.raw(CONFIGURATION)
    assert once.raw(RESULT) == often.raw(RESULT)


@pytest.mark.parametrize("register", [RESULT, CONFIGURATION])
def test_data_ready_is_cleared_by_reading(register: int) -> None:
    bench = one_shot(25.0)
    bench.raw(DEVICE_ID)
    first = bench.raw(register)
    assert register == RESULT or first & READY
    assert not bench.raw(CONFIGURATION) & READY


def test_soft_reset_takes_2_ms_and_restores_everything() -> None:
    bench = one_shot(25.0)
    bench.write(CONFIGURATION, 0x0002)
    assert [bench.raw(r) for r in (RESULT, CONFIGURATION)] == [0x8000, 0x0220]
    bench.run(2_000 + 8 * 15_500 - 1)
    assert bench.raw(RESULT) == 0x8000
    bench.run(1)
    assert bench.raw(RESULT) == 0x0C80


def test_flags_and_read_only_registers_ignore_writes() -> None:
    bench = Bench()
    bench.write(CONFIGURATION, 0xF000 | word(SHUTDOWN) | 0x1)
    assert bench.raw(CONFIGURATION) == word(SHUTDOWN)
    bench.write(DEVICE_ID, 0xABCD)
    bench.write(RESULT, 0x1234)
    assert (bench.raw(DEVICE_ID), bench.raw(RESULT)) == (0x0117, 0x8000)
    bench.part.write(CONFIGURATION, b"\x12", bench.now)  # cut short
    assert bench.raw(CONFIGURATION) == word(SHUTDOWN)


def test_mode_2_is_continuous_and_reads_back_as_0() -> None:
    bench = Bench()
    bench.write(CONFIGURATION, word(2))
    assert bench.raw(CONFIGURATION) == word(0)


def test_no_supply_no_answer_and_a_power_cycle_forgets() -> None:
    bench = one_shot(25.0)
    bench.part.power(False, bench.now)
    assert bench.part.supply_ua == 0.0
    for call in (lambda: bench.raw(RESULT), lambda: bench.write(CONFIGURATION, 0)):
        with pytest.raises(Nack):
            call()
    bench.run(1_000_000)
    bench.part.power(True, bench.now)
    assert [bench.raw(r) for r in (RESULT, CONFIGURATION)] == [0x8000, 0x0220]


def test_mean_supply_of_one_plain_conversion_a_second_is_the_datasheets() -> None:
    bench = Bench()
    bench.write(CONFIGURATION, word(0, 4, 0))
    assert abs(bench.part.supply_ua - 3.5) < 0.3  # 3.5 uA typical
    assert bench.part.next_change_us is None


def test_the_specimens_error_is_constant_and_within_a_tenth_of_a_degree() -> None:
    offsets = [Tmp117(seed=seed).offset_c for seed in range(200)]
    assert all(abs(offset) <= 0.1 for offset in offsets)
    assert max(offsets) > 0.08
    assert min(offsets) < -0.08
    assert Tmp117(seed=7).offset_c == offsets[7]
    assert one_shot(20.0, 0.1).counts() == 20 * 128 + 13  # 0.1 / 0.0078125 = 12.8
    with pytest.raises(ValueError, match="offset_c"):
        Tmp117(offset_c=0.2)


def test_time_never_goes_back_and_a_due_result_is_not_skipped() -> None:
    bench = Bench()
    bench.run(1000)
    with pytest.raises(ValueError, match="at least 1000"):
        bench.part.advance(999, 25.0)
    bench.part.read(DEVICE_ID, 2, 2000)  # nothing is due yet
    with pytest.raises(ValueError, match="advance the part"):
        bench.part.read(RESULT, 2, 10_000_000)
