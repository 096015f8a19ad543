"""docs/hardware.md and its drawings are what the code says."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from filmgauge.config import numbers
from filmgauge_sim.nodes.boards import BOARDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/hardware.md").read_text()
DEFAULTS = {name: default for name, default, _, _ in numbers()}
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


class Drawing:
    """The texts of a drawing: where each stands, and whether it names a net (those are bold)."""

    def __init__(self, name: str) -> None:
        root = ElementTree.parse(ROOT / "docs/hardware" / name).getroot()
        texts = root.iter("{http://www.w3.org/2000/svg}text")
        self.texts = [
            (float(t.get("x", "")), float(t.get("y", "")), t.text or "", t.get("font-weight"))
            for t in texts
        ]

    def nets_at(self, pin: str) -> set[str]:
        """Return the nets whose labels stand beside a pin of this name, on its line."""
        found = set()
        for x, y, text, weight in self.texts:
            if text == pin and weight is None:
                beside = [t for t in self.texts if t[1] == y and t[3] and abs(t[0] - x) < 60]
                found |= {min(beside, key=lambda t: abs(t[0] - x))[2]} if beside else set()
        return found

    def has(self, *wanted: str) -> bool:
        """Tell whether these texts stand below each other."""
        by_place = {(x, y): text for x, y, text, _ in self.texts}
        return any(
            [by_place.get((x, y + 17 * row)) for row in range(len(wanted))] == list(wanted)
            for x, y in by_place
        )


DRAWINGS = {name: Drawing(name) for name in ("bench.svg", "harvesting.svg")}


def test_the_page_shows_the_drawings() -> None:
    for name in DRAWINGS:
        assert f"hardware/{name}" in PAGE


def test_the_drawn_board_has_the_pins_of_the_code() -> None:
    pins = BOARDS["stm32wb55"].pins
    for role in ROLES:
        port, number = divmod(getattr(pins, role), 16)
        pin = f"P{'ABCDEFGH'[port]}{number}"
        assert DRAWINGS["harvesting.svg"].nets_at(pin) == {role.upper()}, pin


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawn_bus_goes_where_its_names_say(name: str) -> None:
    assert DRAWINGS[name].nets_at("SCL") == {"SCL"}
    assert DRAWINGS[name].nets_at("SDA") == {"SDA"}


@pytest.mark.parametrize(("name", "supply"), [("bench.svg", "5V"), ("harvesting.svg", "VCELL")])
def test_the_drawn_switches_have_their_supply(name: str, supply: str) -> None:
    texts = DRAWINGS[name].texts
    pins = [(x, y) for x, y, text, _ in texts if text == "VDD 5"]
    below = [
        text
        for at_x, at_y in pins
        for x, y, text, bold in texts
        if bold and 0 < y - at_y < 40 and 0 < at_x - x < 40
    ]
    assert below == [supply, supply]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_known_current_can_be_drawn(name: str) -> None:
    names = {text for _, _, text, _ in DRAWINGS[name].texts}
    assert {"R2 test", "J1 test"} <= names


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawn_sensors_have_their_addresses(name: str) -> None:
    drawing = DRAWINGS[name]
    assert drawing.has("INA228", f"0x{DEFAULTS['ina228_address']:02x}")
    assert drawing.has("TMP117", f"0x{DEFAULTS['tmp117_address']:02x}")


def test_every_board_has_its_row() -> None:
    assert set(rows()) == set(BOARDS)


@pytest.mark.parametrize("board", sorted(BOARDS))
def test_pins_are_those_of_the_code(board: str) -> None:
    pins = BOARDS[board].pins
    assert pins_in(rows()[board]) == tuple(getattr(pins, role) for role in ROLES)


@pytest.mark.parametrize("board", sorted(BOARDS))
def test_pins_are_free_and_fit_the_configuration(board: str) -> None:
    pins = [getattr(BOARDS[board].pins, role) for role in ROLES]
    assert len(set(pins)) == len(pins)
    assert not TAKEN[board] & set(pins)
    low, high = next((low, high) for name, _, low, high in numbers() if name == "pin_scl")
    assert all(low <= pin <= high for pin in pins)


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
