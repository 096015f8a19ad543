"""What a check of a board has found: seen, expected, and what to do."""

from dataclasses import dataclass, field
from typing import Any, Literal

from filmgauge_sim.package_data import read_toml

Verdict = Literal["ok", "fault", "not tested"]
Part = Literal["INA228", "TMP117"]

ADVICE: dict[str, str] = read_toml("filmgauge_host.serial", "advice.toml")  # by a fault's name


@dataclass(frozen=True)
class Finding:
    """One check. name says what is wrong where it is a fault that has a name."""

    check: str
    verdict: Verdict
    seen: str
    expected: str = ""
    name: str = ""
    advice: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return it as text for people."""
        if self.verdict != "fault":
            expected = f"; expected: {self.expected}" if self.expected else ""
            return [f"{self.verdict:10}  {self.check}: {self.seen}{expected}"]
        return [
            f"FAULT       {self.check}" + (f": {self.name}" if self.name else ""),
            f"            seen: {self.seen}; expected: {self.expected}",
            f"            {self.advice}",
        ]


def ok(check: str, seen: str, expected: str = "") -> Finding:
    """Return a check that has found nothing wrong."""
    return Finding(check, "ok", seen, expected)


def untested(check: str, why: str) -> Finding:
    """Return a check that could not be made."""
    return Finding(check, "not tested", why)


def fault(check: str, name: str, seen: str, expected: str, advice: str = "") -> Finding:
    """Return a fault; advice: that of its name unless there is a better one."""
    return Finding(check, "fault", seen, expected, name, advice or ADVICE[name])


def line_fault(levels: tuple[int, int]) -> str:
    """Return the name of what is wrong with a wire of the bus, empty for nothing.

    levels: pulled down and pulled up by the board.
    """
    down, up = levels
    if not up:
        return "bus-held-low"
    return "" if down else "missing-pull-ups"


def judge_part(check: str, kind: Part, address: int, parts: list[Any]) -> Finding:
    """Judge whether a part is on the bus where it should be. parts: [address, words] of each."""
    key, expected = kind.lower(), f"{kind} at {address:#04x}"
    texts = {at: part_text(at, words) for at, words in parts}
    if not texts:
        advice = ADVICE["silent-bus"]
        return fault(check, f"{key}-absent", "nothing answers on the bus", expected, advice)
    if texts.get(address, "").startswith(kind):
        return ok(check, texts[address])
    elsewhere = [at for at, text in texts.items() if text.startswith(kind)]
    if elsewhere:
        seen = f"{kind} answers at {elsewhere[0]:#04x}"
        advice = f"set {key}_address = {elsewhere[0]}, or change the address pins of the part"
        return fault(check, f"{key}-address", seen, expected, advice)
    return fault(check, f"{key}-absent", f"only {' and '.join(texts.values())} answer", expected)


def part_text(address: int, words: list[int]) -> str:
    """Return what a part on the bus says to be: words at 3Eh, 3Fh and 0Fh."""
    if words[0] == 0x5449 and words[1] >> 4 == 0x228:
        return f"INA228 revision {words[1] & 15} at {address:#04x}"
    if words[2] & 0xFFF == 0x117:
        return f"TMP117 revision {words[2] >> 12} at {address:#04x}"
    return f"an unknown part at {address:#04x}"
