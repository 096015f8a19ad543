"""What every register-mapped part shares: its registers and their bytes, an address, a supply, and
a time that never goes back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple


class Nack(Exception):
    """Nobody acknowledges: no part at the address, or the part has no supply."""


class Register(NamedTuple):
    """One register: width in bytes, value after reset, and the bits that a write stores.

    `writable` is 0 for a register that ignores writes; bits outside it are reserved or belong
    to the hardware.
    """

    width: int
    reset: int = 0
    writable: int = 0


RESERVED = Register(2)  # an address without a register reads 0 (assumed)


def _encode(value: int, width: int, length: int) -> bytes:
    """Bytes of a register of `width` bytes as a reader of `length` bytes gets them.

    Most significant byte first; bytes beyond the register are FFh (assumed: nobody drives SDA).
    `value` is taken modulo the width, so a negative number becomes two's complement.
    """
    data = (value & ((1 << 8 * width) - 1)).to_bytes(width, "big")
    if length == width:
        return data
    return data[:length] + b"\xff" * (length - width)


def _decode_word(data: bytes) -> int | None:
    """The 16-bit word that a write carries, or None if it is cut short.

    A cut write changes nothing and bytes after the second are dropped (both assumed).
    """
    return int.from_bytes(data[:2], "big") if len(data) >= 2 else None


class RegisterPart(ABC):
    """A part that starts without supply at time 0. `now_us` is true time in us."""

    def __init__(self, address: int, registers: Mapping[int, Register]) -> None:
        self.address = address
        self.powered = False
        self._now_us = 0
        self._registers = registers
        self._stored: dict[int, int] = {}

    def power(self, on: bool, now_us: int) -> None:
        """Switch the supply at `now_us`. Off forgets everything; on starts from reset values.

        No effect if it is already so. Raises ValueError if `now_us` lies before the last time.
        """
        self._check_time(now_us)
        if on == self.powered:
            return
        self._now_us = now_us
        self.powered = on
        self._reset()
        if on:
            self._power_up()

    def read(self, register: int, length: int, now_us: int) -> bytes:
        """Return `length` bytes of a register, most significant first.

        Raises Nack without supply, and ValueError if `now_us` is not where `advance` has led
        a converting part.
        """
        if now_us != self._now_us or not self.powered:
            self._access(now_us)
        width = self._registers.get(register, RESERVED).width
        return _encode(self._shown(register), width, length)

    def write(self, register: int, data: bytes, now_us: int) -> None:
        """Write a 16-bit register; a read-only or unknown one ignores it. Raises as `read`."""
        self._access(now_us)
        word = _decode_word(data)
        if word is not None and self._registers.get(register, RESERVED).writable:
            self._write(register, word)

    @abstractmethod
    def _shown(self, register: int) -> int:
        """Return what a read of the register finds, and let that have its effects."""

    @abstractmethod
    def _write(self, register: int, word: int) -> None:
        """Let a word that is written to a writable register act."""

    @abstractmethod
    def _reset(self) -> None:
        """Go to the values after a loss of supply."""

    @abstractmethod
    def _power_up(self) -> None:
        """Begin what the part does by itself when it gets its supply."""

    @abstractmethod
    def _is_behind(self, now_us: int) -> bool:
        """Return whether something happens up to `now_us` that needs `advance`."""

    def _access(self, now_us: int) -> None:
        """Go on to the time of a bus access. Raises Nack without supply, ValueError if behind."""
        if not self.powered:
            raise Nack(f"part at {self.address:#04x} has no supply")
        self._check_time(now_us)
        if now_us != self._now_us and self._is_behind(now_us):
            raise ValueError(f"advance the part to {now_us} us first, it is at {self._now_us} us")
        self._now_us = now_us

    def _check_time(self, now_us: int) -> None:
        if now_us < self._now_us:
            raise ValueError(f"now_us must be at least {self._now_us}, got {now_us}")
