"""The target against a controller of its own kind, and both sensors against direct access."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from i2c_controller import (
    SAMPLE,
    SCL,
    SDA,
    Answer,
    Read,
    Step,
    Write,
    answers,
    bit,
    sampled_bit,
    sent,
    start,
    stop,
    transfer,
)

from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.emulated.i2c_target import I2CTarget
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import CyclerStep, WorldSection
from filmgauge_sim.nodes.world import build_world
from filmgauge_sim.parts.registers import Nack

INA228, TMP117 = 0x40, 0x48
MANUFACTURER, DEVICE, CHARGE, ADC_CONFIG, CURRENT = 0x3E, 0x3F, 0x0A, 0x01, 0x07
STARTED_US = 500_000  # both sensors have results by then


def bench() -> CyclerBench:
    """A cell that is discharged at C/5, with both sensors; each is like the other."""
    discharge = WorldSection(cycler=[CyclerStep(action="discharge", rate_c=0.2, hours=1.0)])
    world = build_world(NodeDescription(name="bench", board="pico-w"), discharge, random.Random(1))
    assert isinstance(world, CyclerBench)
    return world


@dataclass
class Lines:
    """Two open-drain lines with pull-ups: the controller on one side, the target on the other."""

    world: CyclerBench = field(default_factory=bench)
    now_us: int = STARTED_US
    addressed: int = 0

    def __post_init__(self) -> None:
        self.target = I2CTarget(self.world, lambda: self.now_us, self._count)
        self.released = {SCL: True, SDA: True}

    def _count(self) -> None:
        self.addressed += 1

    @property
    def sda(self) -> bool:
        """The level of the line."""
        return self.released[SDA] and not self.target.sda_low

    def play(self, steps: Sequence[Step]) -> list[bool]:
        """Do the steps; return the samples. The target moves SDA only while the clock is low."""
        samples = []
        for step in steps:
            if step == SAMPLE:
                samples.append(self.sda)
                continue
            line, self.released[line] = step
            was_low = self.target.sda_low
            self.target.follow(scl=self.released[SCL], sda=self.released[SDA])
            assert self.target.sda_low == was_low or not self.released[SCL], "SDA is not stable"
        return samples

    def exchange(self, *messages: Write | Read) -> list[Answer]:
        """Do a transfer and return the answers."""
        return answers(messages, self.play(transfer(messages)))

    def register(self, address: int, register: int, count: int) -> bytes:
        """Return bytes of a register that must be there."""
        pointer, data = self.exchange(Write(address, bytes((register,))), Read(address, count))
        assert pointer.acknowledged == [True, True]
        assert data.acknowledged == [True]
        return data.data


@pytest.mark.parametrize(
    ("address", "register", "expected"),
    [
        (INA228, MANUFACTURER, b"TI"),  # SLYS021A, table 7-22
        (INA228, DEVICE, b"\x22\x81"),  # table 7-23
        (TMP117, 0x0F, b"\x01\x17"),  # SNOSD82D, section 7.6
    ],
)
def test_registers_are_read_after_a_repeated_start(
    address: int, register: int, expected: bytes
) -> None:
    assert Lines().register(address, register, 2) == expected


@pytest.mark.parametrize(
    ("register", "count"), [(MANUFACTURER, 2), (CURRENT, 3), (CHARGE, 5), (CHARGE, 12)]
)
def test_a_read_has_the_bytes_of_a_direct_access(register: int, count: int) -> None:
    """Beyond the register nobody drives SDA."""
    direct = bench()
    direct.advance_to(STARTED_US)
    expected = direct.bus.read(INA228, register, count, STARTED_US)
    assert Lines().register(INA228, register, count) == expected


@pytest.mark.parametrize("message", [Write(0x41, b"\x3e"), Read(0x41, 2)])
def test_a_foreign_address_is_not_acknowledged(message: Write | Read) -> None:
    lines = Lines()
    samples = lines.play(transfer([message]))
    assert all(samples), "it has pulled a line that is not its own"
    assert lines.addressed == 0
    assert lines.register(INA228, MANUFACTURER, 2) == b"TI"


def test_a_part_without_supply_is_not_acknowledged() -> None:
    lines = Lines()
    lines.world.power_sensors(False)
    assert lines.exchange(Write(INA228, b"\x3e")) == [Answer([False, False])]


def test_a_write_lands_when_it_is_whole() -> None:
    lines = Lines()
    lines.exchange(Write(INA228, bytes((ADC_CONFIG, 0x12, 0x34))))
    assert lines.register(INA228, ADC_CONFIG, 2) == b"\x12\x34"


def test_each_write_lands_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, written = Lines(), []
    bus = lines.world.bus
    monkeypatch.setattr(bus, "write", lambda *arguments: written.append(arguments))
    lines.exchange(Write(INA228, bytes((ADC_CONFIG, 0x12, 0x34))), Read(INA228, 2))
    lines.exchange(Write(TMP117, b"\x01"), Write(TMP117, b"\x01\x02\x03"))
    lines.exchange(Read(INA228, 2))
    assert written == [
        (INA228, ADC_CONFIG, b"\x12\x34", STARTED_US),
        (TMP117, 0x01, b"\x02\x03", STARTED_US),
    ]


def test_the_pointer_stays_for_later_reads_of_each_part() -> None:
    lines = Lines()
    lines.exchange(Write(INA228, bytes((MANUFACTURER,))))
    lines.exchange(Write(TMP117, b"\x0f"))
    assert lines.exchange(Read(INA228, 2)) == [Answer([True], b"TI")]
    assert lines.exchange(Read(TMP117, 2)) == [Answer([True], b"\x01\x17")]


def test_a_register_does_not_change_while_it_is_sent() -> None:
    lines, direct = Lines(), bench()
    direct.advance_to(STARTED_US)
    expected = direct.bus.read(INA228, CHARGE, 5, STARTED_US)
    steps = transfer([Write(INA228, bytes((CHARGE,))), Read(INA228, 5)])
    samples = lines.play(steps[:-40])
    lines.now_us += 10_000_000
    samples += lines.play(steps[-40:])
    assert answers([Write(INA228, b"-"), Read(INA228, 5)], samples)[1].data == expected


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("end", [stop(), [*start(), *stop()]], ids=["stop", "start"])
def test_a_broken_byte_is_dropped(bits: int, end: list[Step]) -> None:
    lines = Lines()
    before = lines.register(INA228, ADC_CONFIG, 2)
    broken = [step for _ in range(bits) for step in bit(True)]
    lines.play([*start(), *sent(INA228 << 1), *sent(ADC_CONFIG), *sent(0x12), *broken, *end])
    assert lines.register(INA228, ADC_CONFIG, 2) == before
    assert lines.register(INA228, MANUFACTURER, 2) == b"TI"


messages = st.one_of(
    st.builds(
        Write,
        st.sampled_from([INA228, TMP117, 0x41, 0x08]),
        st.one_of(
            st.binary(max_size=4),
            st.builds(
                lambda register, word: bytes((register, *word)),
                st.sampled_from([0, ADC_CONFIG, 2, 3]),
                st.binary(min_size=2, max_size=2),
            ),
        ),
    ),
    st.builds(Read, st.sampled_from([INA228, TMP117, 0x41]), st.sampled_from([1, 2, 3, 5, 9])),
)
idles = st.lists(st.sampled_from([[(SDA, True)], [(SCL, True)], stop(), [*start(), *stop()]]))
# A pointer before half of the reads, so that they are of all registers.
pointed = st.builds(
    lambda register, read: [Write(read.address, bytes((register,))), read],
    st.sampled_from([0, 1, 2, 5, 6, 7, 0x0A, 0x0B, 0x0F, 0x3E, 0x3F, 0x77]),
    messages.filter(lambda message: isinstance(message, Read)),
)
transfers = st.lists(
    st.tuples(
        st.one_of(st.lists(messages, min_size=1, max_size=3), pointed),
        st.integers(0, 50_000),
        idles,
    ),
    max_size=8,
)


class Direct:
    """What the same messages do to registers, without any line."""

    def __init__(self) -> None:
        self.world = bench()
        self.pointers: dict[int, int] = {}

    def exchange(self, message: Write | Read, now_us: int) -> Answer:
        """Do a message and return the answer."""
        self.world.advance_to(now_us)
        bus, address = self.world.bus, message.address
        register = self.pointers.get(address, 0)
        try:
            if isinstance(message, Read):
                return Answer([True], bus.read(address, register, message.count, now_us))
            if message.data:
                self.pointers[address] = register = message.data[0]
            bus.write(address, register, message.data[1:], now_us)
        except Nack:
            self.pointers.pop(address, None)
            count = 1 if isinstance(message, Read) else 1 + len(message.data)
            silence = b"\xff" * message.count if isinstance(message, Read) else b""
            return Answer([False] * count, silence)
        return Answer([True] * (1 + len(message.data)))


@given(transfers)
def test_transfers_do_what_direct_accesses_do(
    made: list[tuple[list[Write | Read], int, list[list[Step]]]],
) -> None:
    lines, direct = Lines(), Direct()
    for sequence, pause_us, idle in made:
        lines.now_us += pause_us
        expected = [direct.exchange(message, lines.now_us) for message in sequence]
        assert lines.exchange(*sequence) == expected
        for steps in idle:
            lines.play(steps)


@given(st.lists(st.tuples(st.sampled_from([SCL, SDA]), st.booleans()), max_size=200))
def test_any_noise_ends_with_a_cleared_bus(noise: list[Step]) -> None:
    """Section 3.1.16: nine clocks make a target let go of SDA."""
    lines = Lines()
    for step in noise:  # not `play`: noise may release the clock and move SDA at once
        line, lines.released[line] = step
        lines.target.follow(scl=lines.released[SCL], sda=lines.released[SDA])
    lines.play([(SCL, False), *(step for _ in range(9) for step in sampled_bit()), *stop()])
    assert lines.sda
    assert lines.register(INA228, MANUFACTURER, 2) == b"TI"
