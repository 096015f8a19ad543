"""What can be tried of the emulator without MicroPython's image: `make emulate` without UF2.

A program of a dozen instructions does what a list in its flash says with the registers of the
chip: the steps of the I2C controller of these tests, on the pins that the firmware uses. What it
samples must be what the sensors have in their registers, and the gate must follow its pin.
"""

import random
import struct
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from i2c_controller import SAMPLE, SCL, Read, Step, Write, answers, transfer

from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.emulated.emulator import Emulator
from filmgauge_sim.emulated.pico_wiring import PicoWiring
from filmgauge_sim.emulated.uf2 import FLASH_BEGIN, write_uf2
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.world import build_world

# RP2040 datasheet: memory map in 2.2, SIO in 2.3.1.7, IO and pads in 2.19.6.
RAM, DONE = 0x20000000, 0x20010000
GPIO_IN, OUT_SET, OUT_CLEAR, OE_SET, OE_CLEAR = (
    0xD0000000 + offset for offset in (0x04, 0x14, 0x18, 0x24, 0x28)
)
IO_CONTROL, PAD, FUNCTION_SIO, PAD_WITH_INPUT = 0x40014004, 0x4001C004, 5, 0x56
# Address and value are fetched from the list; a value is stored, and where it is 0 the register
# is sampled into RAM.
PROGRAM = struct.pack(
    "<14H2I",
    0x4806,  # ldr r0, list
    0x4907,  # ldr r1, RAM
    0xC80C,  # next: ldmia r0!, {r2, r3}
    0x2B00,  # cmp r3, #0
    0xD001,  # beq sample
    0x6013,  # str r3, [r2]
    0xE7FA,  # b next
    0x2A00,  # sample: cmp r2, #0
    0xD002,  # beq end
    0x6813,  # ldr r3, [r2]
    0xC108,  # stmia r1!, {r3}
    0xE7F5,  # b next
    0xE7FE,  # end: b end
    0xBF00,  # nop
    FLASH_BEGIN + 0x24,
    RAM,
)
MESSAGES = (
    Write(0x40, b"\x3e"),
    Read(0x40, 2),
    Write(0x40, b"\x01\x12\x34"),
    Read(0x40, 2),
    Write(0x41, b"\x3e"),
    Write(0x40, b"\x0a"),
    Read(0x40, 5),
    Write(0x48, b"\x0f"),
    Read(0x48, 2),
)
EXPECTED = [b"", b"TI", b"", b"\x12\x34", b"", b"", b"\0" * 5, b"", b"\x01\x17"]
FOREIGN = 4  # the message to an address that nobody has


def program(steps: Sequence[Step], scl: int, sda: int, gate: int) -> bytes:
    """Return a flash that does the steps on two open-drain pins, with the gate high meanwhile."""
    writes = [(OUT_CLEAR, 1 << scl | 1 << sda)]
    writes += [(IO_CONTROL + 8 * pin, FUNCTION_SIO) for pin in (scl, sda, gate)]
    writes += [(PAD + 4 * pin, PAD_WITH_INPUT) for pin in (scl, sda)]
    writes += [(OUT_SET, 1 << gate), (OE_SET, 1 << gate)]
    for step in steps:
        pin = scl if step[0] == SCL else sda
        read = step == SAMPLE
        writes.append((GPIO_IN, 0) if read else (OE_CLEAR if step[1] else OE_SET, 1 << pin))
    writes += [(OUT_CLEAR, 1 << gate), (DONE, 1), (0, 0)]
    return PROGRAM + b"".join(struct.pack("<2I", *write) for write in writes)


class Gated:
    """The world of a bench, which collects what its pins do."""

    def __init__(self, world: CyclerBench) -> None:
        self.bus, self.advance_to, self._world = world.bus, world.advance_to, world
        self.levels: list[tuple[int, int]] = []

    def set_pin(self, pin: int, level: int, now_us: int) -> None:
        self.levels.append((pin, level))
        self._world.set_pin(pin, level, now_us)


def main() -> None:
    node = NodeDescription(name="check", board="pico-w")
    pins = node.kind.pins
    bench = build_world(node, WorldSection(), random.Random(1))
    assert isinstance(bench, CyclerBench)
    world, addressed = Gated(bench), []
    wiring = PicoWiring(world, pins, lambda: addressed.append(None))
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        uf2 = Path(folder) / "check.uf2"
        steps = transfer(MESSAGES)
        uf2.write_bytes(write_uf2(program(steps, pins.scl, pins.sda, pins.gate)))
        emulator = Emulator(uf2, wiring, lambda _: None)
    ram: bytearray = emulator._device.mcu.sram

    def is_done() -> bool:
        assert time.monotonic() - began_s < 60, "the program has not come to its end"
        return ram[DONE - RAM] == 1

    emulator.run(is_done)
    count = steps.count(SAMPLE)
    levels = struct.unpack_from(f"<{count}I", ram)
    found = answers(MESSAGES, [bool(level >> pins.sda & 1) for level in levels])
    assert [answer.data for answer in found] == EXPECTED, found
    assert [all(answer.acknowledged) for answer in found] == [
        index != FOREIGN for index in range(len(found))
    ]
    assert world.levels == [(pins.gate, 1), (pins.gate, 0)], world.levels
    assert len(addressed) == len(MESSAGES) - 1
    print(
        f"the emulated chip has read both sensors over GP{pins.scl} and GP{pins.sda}"
        f" ({len(MESSAGES)} messages, {count} samples) and switched GP{pins.gate}."
    )
    print("With MicroPython's image: make emulate UF2=path (docs/flashing.md says from where).")


if __name__ == "__main__":
    main()
