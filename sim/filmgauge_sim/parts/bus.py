"""The I2C bus: addresses, acknowledges and how long a transfer takes.

Registers travel most significant byte first.
"""

from filmgauge_sim.parts.registers import Nack, RegisterPart


class I2CBus:
    """Parts by 7-bit address on one pair of wires with a clock of `clock_hz`.

    pulled_up: whether resistors hold both wires high; without them nobody answers (assumed: the
    weak ones inside a microcontroller are too slow). Raises ValueError for a clock that is not
    positive.
    """

    def __init__(self, clock_hz: int = 400_000, pulled_up: bool = True) -> None:
        if clock_hz <= 0:
            raise ValueError(f"clock_hz must be above 0, got {clock_hz}")
        self.clock_hz = clock_hz
        self.pulled_up = pulled_up
        self._parts: dict[int, RegisterPart] = {}

    def attach(self, part: RegisterPart) -> None:
        """Connect a part. Raises ValueError if its address is reserved or already taken."""
        address = part.address
        if not 0x08 <= address <= 0x77:
            raise ValueError(f"address must be 0x08 to 0x77, got {address:#04x}")
        if address in self._parts:
            raise ValueError(f"address {address:#04x} is already taken")
        self._parts[address] = part

    def read(self, address: int, register: int, length: int, now_us: int) -> bytes:
        """Return `length` bytes of a register, as the part sends them. Raises Nack."""
        return self._at(address).read(register, length, now_us)

    def write(self, address: int, register: int, data: bytes, now_us: int) -> None:
        """Write a register. Raises Nack."""
        self._at(address).write(register, data, now_us)

    def scan(self, now_us: int) -> list[int]:
        """Addresses that acknowledge at `now_us`, ascending; a part without supply does not."""
        del now_us  # supply is the only thing that decides, and it is already up to date
        if not self.pulled_up:
            return []
        return sorted(address for address, part in self._parts.items() if part.powered)

    def _at(self, address: int) -> RegisterPart:
        part = self._parts.get(address)
        if part is None or not self.pulled_up:
            raise Nack(f"no part at {address:#04x}")
        return part

    def duration_us(self, byte_count: int) -> int:
        """Time in us, rounded up, of `byte_count` bytes on the wire, address bytes included.

        One clock for start, nine for each byte with its acknowledge, one for stop. A repeated
        start and clock stretching are not counted.
        """
        clocks = 9 * byte_count + 2
        return -(-clocks * 1_000_000 // self.clock_hz)
