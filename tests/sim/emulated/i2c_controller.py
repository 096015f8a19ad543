"""A controller of the I2C bus that moves lines: what it does, as steps, and what it then samples.

Written from UM10204, I2C-bus specification, rev. 7, section 3.1 and figures 4 to 12; it shares
nothing with the target that it tests. A step is (line, level), True lets go, or SAMPLE of SDA.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SCL, SDA = "scl", "sda"
SAMPLE = ("sample", True)
Step = tuple[str, bool]


def start() -> list[Step]:
    """START from an idle bus, and repeated START from a clock that is low (figure 5, table 10)."""
    return [(SDA, True), (SCL, True), (SDA, False), (SCL, False)]


def stop() -> list[Step]:
    """STOP from a clock that is low; the bus is idle then."""
    return [(SDA, False), (SCL, True), (SDA, True)]


def bit(level: bool) -> list[Step]:
    """A bit from the controller: SDA is stable while the clock is high (figure 4)."""
    return [(SDA, level), (SCL, True), (SCL, False)]


def sampled_bit() -> list[Step]:
    """A bit from the target."""
    return [(SDA, True), (SCL, True), SAMPLE, (SCL, False)]


def sent(byte: int) -> list[Step]:
    """A byte from the controller and a sample of its acknowledge, low for yes."""
    return [*_joined(bit(bool(byte & 1 << place)) for place in range(7, -1, -1)), *sampled_bit()]


def received(acknowledge: bool) -> list[Step]:
    """Eight samples of a byte from the target, and the controller's answer."""
    return [*_joined(sampled_bit() for _ in range(8)), *bit(not acknowledge)]


def _joined(parts: Iterable[list[Step]]) -> list[Step]:
    return [step for part in parts for step in part]


@dataclass(frozen=True)
class Write:
    """START, address, the bytes."""

    address: int
    data: bytes

    def steps(self) -> list[Step]:
        """Without the STOP."""
        return [*start(), *sent(self.address << 1), *_joined(map(sent, self.data))]

    def samples(self) -> int:
        """Return how many samples its steps take."""
        return 1 + len(self.data)


@dataclass(frozen=True)
class Read:
    """START, address, so many bytes, the last of them not acknowledged."""

    address: int
    count: int

    def steps(self) -> list[Step]:
        """Without the STOP."""
        asked = _joined(received(index + 1 < self.count) for index in range(self.count))
        return [*start(), *sent(self.address << 1 | 1), *asked]

    def samples(self) -> int:
        """Return how many samples its steps take."""
        return 1 + 8 * self.count


@dataclass(frozen=True)
class Answer:
    """acknowledged: of the address and each byte written; data: what was read."""

    acknowledged: list[bool]
    data: bytes = b""


def transfer(messages: Sequence[Write | Read]) -> list[Step]:
    """Return the steps of messages with repeated STARTs between them, and a STOP."""
    return [*_joined(message.steps() for message in messages), *stop()]


def answers(messages: Sequence[Write | Read], samples: Sequence[bool]) -> list[Answer]:
    """Return what the samples of a transfer say to each message."""
    found, at = [], 0
    for message in messages:
        own = list(samples[at : at + message.samples()])
        at += message.samples()
        if isinstance(message, Write):
            found.append(Answer([not level for level in own]))
        else:
            bits = "".join("01"[level] for level in own[1:])
            found.append(Answer([not own[0]], int(bits, 2).to_bytes(message.count, "big")))
    assert at == len(samples)
    return found
