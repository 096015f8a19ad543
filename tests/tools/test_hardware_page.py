"""docs/hardware.md and its drawings are what the code says."""

import re
import runpy
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from filmgauge.config import numbers
from filmgauge_sim.nodes.boards import PINS, board_kind

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/hardware.md").read_text()
ROLES = ("scl", "sda", "gate", "sensors", "disconnect", "charge")
# What the vendors' pages say decides the boot, carries flash, USB, console or radio.
TAKEN = {
    "esp32-c3": {2, 8, 9, *range(11, 22)},
    "esp32-c6": {4, 5, 8, 9, 12, 13, 15, 16, 17, *range(24, 31)},
    "esp32-s3": {0, 3, 45, 46, *range(26, 38), 19, 20, 43, 44, 38, 48},
    "pico-w": {23, 24, 25, 29},
    "stm32wb55": {11, 12, 13, 14, 22, 23},  # A11-A14, B6, B7
}


def pins_in(row: str) -> tuple[int, ...]:
    """Return the pins of a row of the table as the configuration counts them."""
    found = []
    for cell in row.split("|")[2:8]:
        port = re.match(r" P([A-H])(\d+) \((\d+)\)", cell)
        if port:
            assert int(port[3]) == 16 * "ABCDEFGH".index(port[1]) + int(port[2])
            found.append(int(port[3]))
        else:
            found.append(int(re.fullmatch(r" (?:GPIO|GP)(\d+) ", cell)[1]))
    return tuple(found)


def rows() -> dict[str, str]:
    return {m[1]: m[0] for m in re.finditer(r"^\| `([a-z0-9-]+)`:.*$", PAGE, re.MULTILINE)}


def test_the_drawings_are_current() -> None:
    tool = runpy.run_path(str(ROOT / "tools/schematic.py"))
    for name, draw in tool["DRAWINGS"].items():
        assert (ROOT / "docs/hardware" / name).read_text() == draw()
        ElementTree.fromstring(draw())  # well-formed
        assert f"hardware/{name}" in PAGE


def test_every_board_has_its_row() -> None:
    assert set(rows()) == set(PINS)


@pytest.mark.parametrize("board", sorted(PINS))
def test_pins_are_those_of_the_code(board: str) -> None:
    pins = PINS[board]
    assert pins_in(rows()[board]) == tuple(getattr(pins, role) for role in ROLES)


@pytest.mark.parametrize("board", sorted(PINS))
def test_pins_are_free_and_fit_the_configuration(board: str) -> None:
    pins = [getattr(PINS[board], role) for role in ROLES]
    assert len(set(pins)) == len(pins)
    assert not TAKEN[board] & set(pins)
    low, high = next((low, high) for name, _, low, high in numbers() if name == "pin_scl")
    assert all(low <= pin <= high for pin in pins)


@pytest.mark.parametrize("board", sorted(PINS))
def test_virtual_boards_have_them(board: str) -> None:
    try:
        kind = board_kind(board)
    except ValueError:
        return  # a board that is not simulated
    assert kind.pins == PINS[board]


def test_the_shunt_in_numbers() -> None:
    """The table's figures from the datasheet's: 40.96 mV, 19 bits, 1 uV."""
    for ohm, row in ((100, "100 ohm"), (1000, "**1 kohm**"), (10_000, "10 kohm")):
        cells = next(line for line in PAGE.splitlines() if line.startswith(f"| {row} |"))
        told = [float(x) for x in re.findall(r"([\d.]+) (?:uA|pA|nA|%)", cells)]
        range_ua = 40.96e3 / ohm
        offset_na = 1e3 / ohm
        day = offset_na * 24 / 12_000 * 100
        computed = [range_ua, range_ua / 2**19 * 1e6, offset_na, day]
        assert told == pytest.approx(computed, rel=0.02)
