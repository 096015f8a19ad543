"""Checks of pins, wires and sensors."""

from dataclasses import replace
from typing import Literal

from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.serial.board_script import merged, run_script
from filmgauge_host.serial.finding import ADVICE, Finding, Part, judge_part, line_fault
from filmgauge_sim.board.board_kind import BoardKind

_PORTS = "ABCDEFGH"

Output = Literal["gate", "sensors", "disconnect", "charge"]
Wire = Literal["scl", "sda"]


def pin_text(kind: BoardKind, number: int) -> str:
    """Return a pin as it is called on a board of a kind."""
    if kind.port == "stm32":
        return f"P{_PORTS[number >> 4]}{number & 15}"
    return f"{'GP' if kind.port == 'rp2' else 'GPIO'}{number}"


class OutputCheck(Check):
    """Whether a pin follows: it is driven low and high and read back."""

    def __init__(self, role: Output) -> None:
        self.name = f"pin {role}"
        self._role = role

    def run(self, bench: Bench) -> Finding:
        number: int = getattr(bench.expected, self._role)
        if number < 0:
            return self._untested("this node has none")
        low, high = merged(run_script(bench.link, "drive", number))["levels"]
        pin = pin_text(bench.expected.kind, number)
        return self._judged(
            (low, high) == (0, 1),
            f"{pin} reads {low} driven low and {high} driven high",
            "0 and 1",
            f"{pin} is shorted, or something else drives it: take the wire off and try again;"
            " if it stays so, use another pin and name it in the description",
            pin=number,
            levels=[low, high],
        )


class PullUpCheck(Check):
    """Whether a wire of the bus is held high by a resistor."""

    def __init__(self, wire: Wire) -> None:
        self.name = f"pull-up {wire.upper()}"
        self._wire = wire

    def run(self, bench: Bench) -> Finding:
        number: int = getattr(bench.expected, self._wire)
        levels = merged(run_script(bench.link, "pulls", bench.expected.sensors, number))["levels"]
        down, up = levels
        name = line_fault(levels)
        finding = self._judged(
            not name,
            f"{pin_text(bench.expected.kind, number)} reads {down} pulled down and {up} pulled up"
            " by the board",
            "1 and 1",
            ADVICE.get(name, ""),
            pin=number,
            levels=levels,
        )
        return replace(finding, name=name)


class SensorCheck(Check):
    """Whether a sensor answers where it should and says what it is."""

    def __init__(self, part: Part) -> None:
        self.name: str = part
        self._part: Part = part

    def run(self, bench: Bench) -> Finding:
        expected = bench.expected
        address: int = getattr(expected, f"{self._part.lower()}_address")
        arguments = (expected.sensors, expected.scl, expected.sda, expected.i2c_hz)
        found = merged(run_script(bench.link, "parts", *arguments))["parts"]
        finding = judge_part(self.name, self._part, address, found)
        return replace(finding, figures={"parts": found})
