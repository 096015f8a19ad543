"""What a self-test has seen, judged: each check with what was seen, expected, and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from filmgauge_host.serial.finding import (
    ADVICE,
    Finding,
    Part,
    fault,
    judge_part,
    line_fault,
    ok,
    untested,
)

_CONNECTED_UV = 200_000  # assumed: no film is emptied so far, and an open input shows less
_LEAST_UA = 0.05  # assumed: fifty times the sensor's offset on 1 kohm
_SHUNT_SHARE = 0.10  # a stated load and the divider of a meter are no better
_NOTHING_SHARE = 0.05  # of the expected current: nothing flows, or past the sensor
_FULL_SCALE_UV = 40_958  # across the shunt; the sensor's range ends at 40,960 uV
# The film was tried up to 60 degC; the rest is allowed for a cold shed and a warm board.
_COLDEST_C, _WARMEST_C = -30.0, 70.0
_ROOM_C = 5.0  # by which a stated temperature may be off


@dataclass(frozen=True)
class Reference:
    """What the user knows: a resistor from the load's side to ground, or the current that flows
    (positive charges), and the temperature."""

    load_ohm: float | None = None
    current_ua: float | None = None
    temperature_c: float | None = None


def evaluate(answers: dict[str, Any], reference: Reference) -> list[Finding]:
    """Return a finding for each check, in the order in which they should be looked into."""
    judge = _Judge(answers, reference)
    checks: dict[str, Callable[[str], Finding]] = {
        "I2C lines": judge.bus,
        f"INA228 at {judge.configured['ina228_address']:#04x}": judge.ina228,
        f"TMP117 at {judge.configured['tmp117_address']:#04x}": judge.tmp117,
        "temperature": judge.temperature,
        "gate of the voltage input": judge.gate,
        "disconnect switch": judge.disconnect,
        "leads of the shunt": judge.leads,
        "value of the shunt": judge.shunt,
    }
    return [check(name) for name, check in checks.items()]


class _Judge:
    """Judges what a board has answered; each check gets its name."""

    def __init__(self, answers: dict[str, Any], reference: Reference) -> None:
        self._answers = answers
        self._reference = reference
        self.configured: dict[str, int] = answers["configuration"]
        self._shunt_ohm = self.configured["shunt_mohm"] / 1000

    def bus(self, check: str) -> Finding:
        wires = {name: line_fault(self._answers[name.lower()]) for name in ("SCL", "SDA")}
        if low := " and ".join(wire for wire, name in wires.items() if name == "bus-held-low"):
            seen = f"{low} stay low even with the board's own pull-up"
            return fault(check, "bus-held-low", seen, "high")
        if bare := " and ".join(wire for wire, name in wires.items() if name):
            seen = f"{bare} follow the board's weak pull-down"
            return fault(check, "missing-pull-ups", seen, "held high by a resistor")
        return ok(check, "both are held high")

    def ina228(self, check: str) -> Finding:
        return self._part(check, "INA228")

    def tmp117(self, check: str) -> Finding:
        return self._part(check, "TMP117")

    def _part(self, check: str, kind: Part) -> Finding:
        parts = self._answers["parts"]
        if not parts and self.bus("").verdict == "fault":
            return untested(check, "the bus does not work")
        return judge_part(check, kind, self.configured[f"{kind.lower()}_address"], parts)

    def temperature(self, check: str) -> Finding:
        if "temperature_cdeg" not in self._answers:
            return untested(check, "no TMP117 answers")
        cdeg, name = self._answers["temperature_cdeg"], "temperature-implausible"
        if cdeg is None:
            seen = self._answers.get("temperature_wrong") or "the sensor finishes no conversion"
            return fault(check, name, seen, "a temperature")
        low, high = _COLDEST_C, _WARMEST_C
        if (about_c := self._reference.temperature_c) is not None:
            low, high = about_c - _ROOM_C, about_c + _ROOM_C
        seen = f"{cdeg / 100:.2f} degC"
        if not low <= cdeg / 100 <= high:
            return fault(check, name, seen, f"{low:g} to {high:g} degC")
        return ok(check, seen)

    def gate(self, check: str) -> Finding:
        if "gate_closed_uv" not in self._answers:
            return untested(check, "no INA228 answers")
        closed_uv, open_uv = self._answers["gate_closed_uv"], self._answers["gate_open_uv"]
        seen = f"{closed_uv / 1e6:.3f} V closed, {open_uv / 1e6:.3f} V open"
        if open_uv >= _CONNECTED_UV:
            return fault(check, "gate-stuck-closed", seen, "about 0 V open")
        if closed_uv < _CONNECTED_UV:
            expected = "the cell's voltage closed"
            return fault(check, "gate-stuck-open", seen, expected)
        return ok(check, seen)

    def disconnect(self, check: str) -> Finding:
        if self.configured["pin_disconnect"] < 0:
            return untested(check, "none is configured (pin_disconnect)")
        if "current_pa" not in self._answers:
            return untested(check, "no INA228 answers")
        closed_ua, open_ua = self._current_ua(), self._answers["disconnected_pa"] / 1e6
        seen = f"{closed_ua:+.3f} uA closed, {open_ua:+.3f} uA open"
        if abs(closed_ua) < _LEAST_UA:
            flowing_ua = self._expected_ua()
            if flowing_ua is None or abs(flowing_ua) < _LEAST_UA:
                return untested(check, "no current flows: close J1, or give --current-ua")
            expected = f"{flowing_ua:+.3f} uA closed"
            return fault(check, "disconnect-stuck-open", seen, expected)
        if abs(open_ua) > max(_LEAST_UA, _NOTHING_SHARE * abs(closed_ua)):
            return fault(check, "disconnect-stuck-closed", seen, "0 uA open")
        return ok(check, seen)

    def leads(self, check: str) -> Finding:
        compared = self._compared()
        if isinstance(compared, str):
            return untested(check, compared)
        expected_ua, seen_ua = compared
        seen, expected = f"{seen_ua:+.3f} uA", f"{expected_ua:+.3f} uA"
        if seen_ua * expected_ua < 0 and abs(seen_ua) > _LEAST_UA:
            return fault(check, "swapped-leads", seen, expected)
        if abs(seen_ua) <= _LEAST_UA:
            return untested(check, "no current is seen")
        return ok(check, seen, expected)

    def shunt(self, check: str) -> Finding:
        compared = self._compared()
        if isinstance(compared, str):
            return untested(check, compared)
        expected_ua, seen_ua = abs(compared[0]), abs(compared[1])
        ohm = self._shunt_ohm
        seen, expected = f"{seen_ua:.3f} uA", f"{expected_ua:.3f} uA with {ohm:g} ohm"
        if seen_ua * ohm >= _FULL_SCALE_UV:
            seen = "the sensor is at the end of its range"
            return fault(check, "wrong-shunt", seen, expected, ADVICE["shunt-out-of-range"])
        ratio = seen_ua / expected_ua
        if ratio < _NOTHING_SHARE:
            return fault(check, "wrong-shunt", seen, expected, ADVICE["shunt-passed-by"])
        if abs(ratio - 1) > _SHUNT_SHARE:
            advice = (
                f"the fitted shunt has about {ohm * ratio:.4g} ohm: fit {ohm:g} ohm, or measure it"
                f" and set shunt_ohm (about {ohm * ratio:.6g})"
            )
            return fault(check, "wrong-shunt", seen, expected, advice)
        return ok(check, seen, expected)

    def _current_ua(self) -> float:
        return self._answers["current_pa"] / 1e6

    def _expected_ua(self) -> float | None:
        """Return the current that must flow, None where nobody knows."""
        if self._reference.current_ua is not None:
            return self._reference.current_ua
        cell_uv, load_ohm = self._answers.get("gate_closed_uv", 0), self._reference.load_ohm
        if load_ohm is None or cell_uv < _CONNECTED_UV:
            return None
        return -cell_uv / (load_ohm + self._shunt_ohm)

    def _compared(self) -> tuple[float, float] | str:
        """Return the expected current and the one seen, or why they cannot be compared."""
        if "current_pa" not in self._answers:
            return "no INA228 answers"
        expected_ua = self._expected_ua()
        if expected_ua is None and self._reference.load_ohm is not None:
            return "needs the voltage of the cell beside --load-ohm, and none is seen"
        if expected_ua is None:
            return "needs a known load: close J1 and give --load-ohm, or --current-ua"
        if abs(expected_ua) < 2 * _LEAST_UA:
            return f"the known current is below {2 * _LEAST_UA:g} uA"
        return expected_ua, self._current_ua()
