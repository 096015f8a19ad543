"""What a self-test has seen, judged: each check with what was seen, expected, and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from filmgauge_host.serial.status import part_text

Verdict = Literal["ok", "fault", "not tested"]

_CONNECTED_UV = 200_000  # assumed: no film is emptied so far, and an open input shows less
_LEAST_UA = 0.05  # assumed: fifty times the sensor's offset on 1 kohm
_SHUNT_SHARE = 0.10  # a stated load and the divider of a meter are no better
_NOTHING_SHARE = 0.05  # of the expected current: nothing flows, or past the sensor
_FULL_SCALE_UV = 40_958  # across the shunt; the sensor's range ends at 40,960 uV
# The film was tried up to 60 degC; the rest is allowed for a cold shed and a warm board.
_COLDEST_C, _WARMEST_C = -30.0, 70.0
_ROOM_C = 5.0  # by which a stated temperature may be off


@dataclass(frozen=True)
class Finding:
    """One check. name says what is wrong where it is a fault."""

    check: str
    verdict: Verdict
    seen: str
    expected: str = ""
    name: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Reference:
    """What the user knows: a resistor from the load's side to ground, or the current that flows
    (positive charges), and the temperature."""

    load_ohm: float | None = None
    current_ua: float | None = None
    temperature_c: float | None = None


def evaluate(answers: dict[str, Any], reference: Reference) -> list[Finding]:
    """Return a finding for each check, in the order in which they should be looked into."""
    return [check(answers, reference) for check in _CHECKS]


def _ok(check: str, seen: str) -> Finding:
    return Finding(check, "ok", seen)


def _not(check: str, why: str) -> Finding:
    return Finding(check, "not tested", why)


def _bus(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "I2C lines"
    lines = {"SCL": answers["scl"], "SDA": answers["sda"]}
    low = [name for name, (_, up) in lines.items() if not up]
    bare = [name for name, (down, up) in lines.items() if up and not down]
    if low:
        return Finding(
            check,
            "fault",
            f"{' and '.join(low)} stay low even with the board's own pull-up",
            "high",
            "bus-held-low",
            "look for a short to ground, or a sensor without supply; take the power off once",
        )
    if bare:
        return Finding(
            check,
            "fault",
            f"{' and '.join(bare)} follow the board's weak pull-down",
            "high, held by a resistor",
            "missing-pull-ups",
            "fit 10 kohm from SCL and from SDA to the sensors' supply, and see that it is on",
        )
    return _ok(check, "both are held high")


def _part(answers: dict[str, Any], kind: str, configured: int) -> Finding:
    check = f"{kind} at {configured:#04x}"
    key = kind.lower()
    texts = {address: part_text(address, words) for address, words in answers["parts"]}
    if not texts:
        if _bus(answers, Reference()).verdict == "fault":
            return _not(check, "the bus does not work")
        return Finding(
            check,
            "fault",
            "nothing answers on the bus",
            kind,
            f"{key}-absent",
            "look for SCL and SDA swapped, a missing supply or ground, a wrong pin in the"
            " configuration",
        )
    if texts.get(configured, "").startswith(kind):
        return _ok(check, texts[configured])
    elsewhere = [address for address, text in texts.items() if text.startswith(kind)]
    if elsewhere:
        return Finding(
            check,
            "fault",
            f"{kind} answers at {elsewhere[0]:#04x}",
            f"{kind} at {configured:#04x}",
            f"{key}-address",
            f"set {key}_address = {elsewhere[0]}, or change the address pins of the part",
        )
    return Finding(
        check,
        "fault",
        f"only {' and '.join(texts.values())} answer",
        f"{kind} at {configured:#04x}",
        f"{key}-absent",
        "look at its supply, ground, SCL and SDA, and that it is the right part",
    )


def _ina228(answers: dict[str, Any], reference: Reference) -> Finding:
    return _part(answers, "INA228", answers["configuration"]["ina228_address"])


def _tmp117(answers: dict[str, Any], reference: Reference) -> Finding:
    return _part(answers, "TMP117", answers["configuration"]["tmp117_address"])


def _temperature(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "temperature"
    if "temperature_cdeg" not in answers:
        return _not(check, "no TMP117 answers")
    cdeg = answers["temperature_cdeg"]
    name, advice = "temperature-implausible", "see that the TMP117 sits on the cell and is whole"
    if cdeg is None:
        seen = answers.get("temperature_wrong") or "the sensor finishes no conversion"
        return Finding(check, "fault", seen, "a temperature", name, advice)
    low, high = _COLDEST_C, _WARMEST_C
    if reference.temperature_c is not None:
        low, high = reference.temperature_c - _ROOM_C, reference.temperature_c + _ROOM_C
    celsius, expected = cdeg / 100, f"{low:g} to {high:g} degC"
    if not low <= celsius <= high:
        return Finding(check, "fault", f"{celsius:.2f} degC", expected, name, advice)
    return _ok(check, f"{celsius:.2f} degC")


def _gate(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "gate of the voltage input"
    if "gate_closed_uv" not in answers:
        return _not(check, "no INA228 answers")
    closed_uv, open_uv = answers["gate_closed_uv"], answers["gate_open_uv"]
    seen = f"{closed_uv / 1e6:.3f} V closed, {open_uv / 1e6:.3f} V open"
    if open_uv >= _CONNECTED_UV:
        return Finding(
            check,
            "fault",
            seen,
            "about 0 V open",
            "gate-stuck-closed",
            "the input drains the cell all the time: look at S2 and its SEL, and that the jumper"
            " from VBUS to IN+ of the breakout is open",
        )
    if closed_uv < _CONNECTED_UV:
        return Finding(
            check,
            "fault",
            seen,
            "the cell's voltage closed",
            "gate-stuck-open",
            "see that a cell is connected, then look at S2, its supply, its SEL and pin_gate",
        )
    return _ok(check, seen)


def _expected_ua(answers: dict[str, Any], reference: Reference) -> float | None:
    """Return the current that must flow, None where nobody knows."""
    if reference.current_ua is not None:
        return reference.current_ua
    if reference.load_ohm is None or answers.get("gate_closed_uv", 0) < _CONNECTED_UV:
        return None
    shunt_ohm = answers["configuration"]["shunt_mohm"] / 1000
    return -answers["gate_closed_uv"] / (reference.load_ohm + shunt_ohm)


def _seen_ua(answers: dict[str, Any], key: str = "current_pa") -> float:
    return answers[key] / 1e6


def _disconnect(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "disconnect switch"
    if answers["configuration"]["pin_disconnect"] < 0:
        return _not(check, "none is configured (pin_disconnect)")
    if "current_pa" not in answers:
        return _not(check, "no INA228 answers")
    closed_ua, open_ua = _seen_ua(answers), _seen_ua(answers, "disconnected_pa")
    seen = f"{closed_ua:+.3f} uA closed, {open_ua:+.3f} uA open"
    expected_ua = _expected_ua(answers, reference)
    if abs(closed_ua) < _LEAST_UA:
        if expected_ua is None or abs(expected_ua) < _LEAST_UA:
            return _not(check, "no current flows: close J1, or give --current-ua")
        return Finding(
            check,
            "fault",
            seen,
            f"{expected_ua:+.3f} uA closed",
            "disconnect-stuck-open",
            "look at S1, its supply and its SEL; the same is seen when the load is not connected"
            " or the breakout's own shunt is still on it",
        )
    if abs(open_ua) > max(_LEAST_UA, _NOTHING_SHARE * abs(closed_ua)):
        return Finding(
            check,
            "fault",
            seen,
            "0 uA open",
            "disconnect-stuck-closed",
            "look at S1, its SEL and pin_disconnect: it must open when the pin is high",
        )
    return _ok(check, seen)


def _leads(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "leads of the shunt"
    compared = _compared(answers, reference)
    if isinstance(compared, str):
        return _not(check, compared)
    expected_ua, seen_ua = compared
    if seen_ua * expected_ua < 0 and abs(seen_ua) > _LEAST_UA:
        return Finding(
            check,
            "fault",
            f"{seen_ua:+.3f} uA",
            f"{expected_ua:+.3f} uA",
            "swapped-leads",
            "swap IN+ and IN-: IN+ is the side of the load, IN- the side of the cell",
        )
    if abs(seen_ua) <= _LEAST_UA:
        return _not(check, "no current is seen")
    return _ok(check, f"{seen_ua:+.3f} uA, {expected_ua:+.3f} uA expected")


def _shunt(answers: dict[str, Any], reference: Reference) -> Finding:
    check = "value of the shunt"
    compared = _compared(answers, reference)
    if isinstance(compared, str):
        return _not(check, compared)
    expected_ua, seen_ua = abs(compared[0]), abs(compared[1])
    ohm = answers["configuration"]["shunt_mohm"] / 1000
    seen, expected = f"{seen_ua:.3f} uA", f"{expected_ua:.3f} uA with {ohm:g} ohm"
    if seen_ua * ohm >= _FULL_SCALE_UV:
        advice = "the shunt is too large, open, or the current above the range of 41 mV"
        return Finding(
            check,
            "fault",
            "the sensor is at the end of its range",
            expected,
            "wrong-shunt",
            advice,
        )
    ratio = seen_ua / expected_ua
    if ratio < _NOTHING_SHARE:
        advice = (
            "is the load connected and S1 closed? Otherwise the breakout's own shunt is still in"
            " parallel: take it off"
        )
        return Finding(check, "fault", seen, expected, "wrong-shunt", advice)
    if abs(ratio - 1) > _SHUNT_SHARE:
        advice = (
            f"the fitted shunt has about {ohm * ratio:.4g} ohm: fit {ohm:g} ohm, or measure it"
            f" and set shunt_mohm (about {round(ohm * ratio * 1000)})"
        )
        return Finding(check, "fault", seen, expected, "wrong-shunt", advice)
    return _ok(check, f"{seen}, {expected_ua:.3f} uA expected")


def _compared(answers: dict[str, Any], reference: Reference) -> tuple[float, float] | str:
    """Return the expected current and the one seen, or why they cannot be compared."""
    if "current_pa" not in answers:
        return "no INA228 answers"
    expected_ua = _expected_ua(answers, reference)
    if expected_ua is None:
        return "needs a known load: close J1 and give --load-ohm, or --current-ua"
    if abs(expected_ua) < 2 * _LEAST_UA:
        return f"the known current is below {2 * _LEAST_UA:g} uA"
    return expected_ua, _seen_ua(answers)


_CHECKS: tuple[Callable[[dict[str, Any], Reference], Finding], ...] = (
    _bus,
    _ina228,
    _tmp117,
    _temperature,
    _gate,
    _disconnect,
    _leads,
    _shunt,
)
