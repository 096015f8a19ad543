"""The other end of two I2C wires: parts of a simulated bus for a controller that moves the lines.

Source: UM10204, I2C-bus specification, rev. 7, section 3.1: START, STOP, acknowledge, 7-bit
addresses, repeated START. As both sensors have it: the first byte written is the register pointer,
which stays for later reads. Left out, because neither sensor does it: clock stretching.
"""

from collections.abc import Callable
from enum import Enum, auto

from filmgauge_sim.board.pins_and_bus import World
from filmgauge_sim.parts.registers import Nack

_BITS = 8  # of a byte; the ninth clock is the acknowledge
_READ = 0x01  # lowest bit of the first byte
_LONGEST = 8  # bytes: no register is longer, and what follows is FFh


class _Phase(Enum):
    """What the next byte is."""

    IDLE = auto()  # nothing for us, until a START
    ADDRESS = auto()
    POINTER = auto()
    DATA = auto()
    SENT = auto()  # ours


class I2CTarget:
    """Follows the lines and answers for the parts on the bus of `world`.

    now_us: true time, us; on_transfer: called when a part has been addressed.
    """

    def __init__(
        self,
        world: World,
        now_us: Callable[[], int],
        on_transfer: Callable[[], None] = lambda: None,
    ) -> None:
        self.sda_low = False  # whether it pulls SDA low
        self._world = world
        self._now_us = now_us
        self._on_transfer = on_transfer
        self._scl = self._sda = True
        self._phase = _Phase.IDLE
        self._clocks = self._byte = self._address = 0
        self._pointers: dict[int, int] = {}
        self._written = bytearray()
        self._unsent = b""

    def follow(self, scl: bool, sda: bool) -> None:
        """Follow a change of what the controller does: True lets a line go, False pulls it low."""
        line = sda and not self.sda_low
        if scl and self._scl:
            if line != self._sda:
                self._begin_or_end(_Phase.IDLE if line else _Phase.ADDRESS)
        elif scl:
            self._clock_rises(line)
        elif self._scl:
            self._clock_falls()
        self._scl = scl
        self._sda = sda and not self.sda_low

    def _begin_or_end(self, phase: _Phase) -> None:
        """START or STOP: what was written counts now, and bits of a broken byte never."""
        if self._phase is _Phase.DATA and self._written:
            pointer, data = self._pointers[self._address], bytes(self._written)
            try:
                self._world.bus.write(self._address, pointer, data, self._reach())
            except Nack:  # it has lost its supply since it answered
                pass
        self._phase, self._clocks, self.sda_low = phase, 0, False

    def _clock_rises(self, line: bool) -> None:
        self._clocks += 1
        if self._phase is not _Phase.SENT:
            if self._clocks <= _BITS:
                self._byte = (self._byte << 1 | line) & 0xFF
        elif self._clocks > _BITS and line:  # the controller wants no more
            self._phase = _Phase.IDLE

    def _clock_falls(self) -> None:
        sends = self._phase is _Phase.SENT
        if self._clocks == _BITS:  # the acknowledge begins, of whoever has got the byte
            self.sda_low = not sends and self._accepts(self._byte)
            return
        if self._clocks > _BITS:
            self._clocks, self.sda_low = 0, False
            if sends:
                self._byte = self._unsent[0] if self._unsent else 0xFF
                self._unsent = self._unsent[1:]
        if sends:
            self.sda_low = not self._byte >> (_BITS - 1 - self._clocks) & 1

    def _accepts(self, byte: int) -> bool:
        """Process a whole byte; return whether to acknowledge it."""
        if self._phase is _Phase.ADDRESS:
            return self._is_addressed(byte >> 1, bool(byte & _READ))
        if self._phase is _Phase.POINTER:
            self._pointers[self._address] = byte
            self._phase, self._written = _Phase.DATA, bytearray()
        elif self._phase is _Phase.DATA:
            self._written.append(byte)
        return self._phase is _Phase.DATA

    def _is_addressed(self, address: int, is_read: bool) -> bool:
        self._phase = _Phase.IDLE
        bus, now_us = self._world.bus, self._reach()
        if address not in bus.scan(now_us):
            return False
        self._address, self._phase = address, _Phase.POINTER
        if is_read:  # a register is read as a whole: it does not change while it is sent
            self._unsent = bus.read(address, self._pointers.get(address, 0), _LONGEST, now_us)
            self._phase = _Phase.SENT
        self._on_transfer()
        return True

    def _reach(self) -> int:
        """Let the world follow to the present, and return that."""
        now_us = self._now_us()
        self._world.advance_to(now_us)
        return now_us
