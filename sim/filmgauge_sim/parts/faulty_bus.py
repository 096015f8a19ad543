"""An I2C bus on which single transfers go wrong."""

from dataclasses import dataclass, field

from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.registers import Nack

FLIP = "flip"


@dataclass
class TransferFault:
    """Transfers with a part that go wrong from `begin_us` on, until `end_us` or `count` of them.

    register: None for any transfer, which is not acknowledged; else reads of it give `value`:
    zeros, ones, stale (what was read before the fault), flip and a number (what is read with this
    bit turned, 0 the lowest) or hexadecimal digits, cut or filled up with zeros in front to the
    bytes that are read.
    """

    address: int
    begin_us: int
    end_us: int | None = None
    count: int | None = None
    register: int | None = None
    value: str = "zeros"
    hits: int = field(default=0, init=False)

    def befalls(self, address: int, register: int | None, now_us: int) -> bool:
        """Return whether a transfer goes wrong; register: None for one that writes."""
        if address != self.address or self.register not in (None, register):
            return False
        is_over = self.end_us is not None and now_us >= self.end_us
        if now_us < self.begin_us or is_over or self.hits == self.count:
            return False
        self.hits += 1
        return True

    def changed(self, data: bytes, before: bytes) -> bytes:
        """Return what is read instead of `data`; before: the last answer of that register."""
        if self.register is None:
            raise Nack(f"part at {self.address:#04x} does not acknowledge")
        named = {"zeros": bytes(len(data)), "ones": b"\xff" * len(data), "stale": before}
        value = named.get(self.value)
        if value is None and self.value.startswith(FLIP):
            bit = 1 << int(self.value.removeprefix(FLIP)) % (8 * len(data))
            value = (int.from_bytes(data, "big") ^ bit).to_bytes(len(data), "big")
        if value is None:
            value = bytes.fromhex(self.value).rjust(len(data), b"\0")[-len(data) :]
        return value


class FaultyBus(I2CBus):
    """A bus with faults."""

    def __init__(self, clock_hz: int, pulled_up: bool, faults: list[TransferFault]) -> None:
        super().__init__(clock_hz, pulled_up)
        self.faults = faults
        self._answers: dict[tuple[int, int], bytes] = {}

    def read(self, address: int, register: int, length: int, now_us: int) -> bytes:
        data = super().read(address, register, length, now_us)
        before = self._answers.get((address, register), bytes(length))
        true = data
        for fault in self.faults:
            if fault.befalls(address, register, now_us):
                data = fault.changed(data, before)
        if data is true:
            self._answers[address, register] = data
        return data

    def write(self, address: int, register: int, data: bytes, now_us: int) -> None:
        for fault in self.faults:
            if fault.befalls(address, None, now_us):
                fault.changed(data, data)
        super().write(address, register, data, now_us)
