"""A board's Bluetooth as MicroPython's `bluetooth` shows it: what the firmware can ask of it.

Limits and error numbers are those observed on the real stack (NimBLE) through MicroPython.
"""

from filmgauge_sim.board.attribute_values import AttributeValues
from filmgauge_sim.board.bluetooth_events import BluetoothEvents, Security
from filmgauge_sim.board.radio_port import Advertisement, RadioPort, Service
from filmgauge_sim.board.radio_schedule import ADVERT, Advertising, RadioSchedule

ENODEV, EBUSY, EINVAL, ENOTCONN, ENOMEM = 19, 16, 22, 107, 12
_MSYS_FULL = -18  # what NimBLE answers for advertising data that is too long, as Python shows it
_LEGACY_BYTES = 31  # Core specification, vol 6 part B, 2.3.1
_UNIT_US = 625  # of an advertising interval
_SHORTEST_US, _LONGEST_US = 20_000, 10_240_000
_QUEUE_BYTES = 4096  # of notifications within one connection event (assumed: its buffers)
_SLICE_US = 1000  # how finely a sleep is cut while a peer may speak (assumed: the stack's ticks)
_LONGEST_SLICE_US = 10_000
_EVENT_US = 30_000  # a connection event (assumed interval)


class RadioError(Exception):
    """The stack refuses: `number` is the errno that the board sees, negative for NimBLE's own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Bluetooth:
    """The stack of one board from boot to boot. Times are true microseconds.

    address: 6 bytes as people write them, without the two bits that make it a random static one.
    """

    def __init__(self, address: bytes, seed: str, radio_port: RadioPort) -> None:
        self.address = bytes((address[0] | 0xC0,)) + address[1:]
        self.active = False
        self.schedule = RadioSchedule(f"{seed} bluetooth")
        self._radio_port = radio_port
        self._values = AttributeValues()
        self.events = BluetoothEvents(self.schedule, self._values)
        self._reset()

    def _reset(self) -> None:
        self.schedule.clear()
        self._values.define(())
        self.events.reset()
        self._data = self._response = b""
        self._name, self._mtu = "MPY BLE", 256
        self._queued: dict[int, int] = {}
        self._queue_us = 0

    # The clock of the board

    @property
    def is_paced(self) -> bool:
        """Whether a peer may speak to the board at any time, and others move the air."""
        return self.schedule.can_hear and self._radio_port.is_paced()

    def next_input_us(self, now_us: int) -> int | None:
        """Return the earliest time at which a peer may have said something, None for never."""
        if self.schedule.connections:
            quiet_us = self._radio_port.quiet_until_us()
            latest_us = now_us + _LONGEST_SLICE_US
            if quiet_us is not None:
                latest_us = min(latest_us, quiet_us)
            return max(now_us + _SLICE_US, latest_us)
        advertising = self.schedule.advertising
        if advertising and advertising.connectable:
            return advertising.next_us + _SLICE_US  # who connects does so upon it
        return None

    def send_due(self, now_us: int) -> str:
        """Let the event that is due happen and set the time of the next one; return its kind."""
        advertising = self.schedule.advertising
        kind = self.schedule.step(now_us)
        if kind == ADVERT and advertising is not None:
            self._radio_port.advertise(
                Advertisement(
                    now_us,
                    self.address,
                    True,
                    self._data,
                    self._response,
                    advertising.connectable,
                )
            )
        return kind

    def follow(self, now_us: int) -> None:
        """Let the air know the board's time, where somebody may speak to the board."""
        if self.schedule.can_hear:
            self._radio_port.follow(now_us)

    def interrupts(self) -> bool:
        """Return whether the firmware has something to handle that it was not told of yet."""
        return self.events.is_fresh()

    def power_off(self) -> None:
        """Lose everything, as in reset or deep sleep."""
        if self.active:
            self.active = False
            self._radio_port.stop()
        self._reset()

    # What the firmware calls

    def set_active(self, active: bool) -> bytes:
        """Switch the stack; return type and bytes of the address."""
        if active and not self.active:
            self.active = True
            self._radio_port.start(self.events, self.address, True, self._name, self._mtu)
        elif not active:
            self.power_off()
        return b"\1" + self.address

    def configure(self, mtu: int, name: bytes, security: Security) -> None:
        """Set what peers see; the MTU counts from the next activation on."""
        self._name, self._mtu = name.decode(errors="replace"), mtu
        self.events.security = security
        if self.active:
            self._radio_port.set_name(self._name)

    def pair(self, connection: int) -> None:
        """Ask a central to pair."""
        self._need_connection(connection)
        self._radio_port.pair(connection)

    def passkey(self, connection: int, action: int, passkey: int) -> None:
        """Answer what a pairing asked of someone at the board."""
        self._need_connection(connection)
        if not self.events.answer_passkey(connection, action, passkey):
            raise RadioError(EINVAL)

    def advertise(
        self,
        now_us: int,
        interval_us: int,
        data: bytes | None,
        response: bytes | None,
        connectable: bool,
    ) -> None:
        """Begin, change or (interval 0) end advertising; None keeps the data of last time."""
        self._need_active()
        for given in (data, response):
            if given is not None and len(given) > _LEGACY_BYTES:
                raise RadioError(_MSYS_FULL)
        if not interval_us:
            self.schedule.advertising = None
            self._radio_port.stop_advertising()
            return
        if not _SHORTEST_US <= interval_us <= _LONGEST_US:
            raise RadioError(EINVAL)
        self._data = self._data if data is None else data
        self._response = self._response if response is None else response
        whole_us = interval_us // _UNIT_US * _UNIT_US
        self.schedule.advertising = Advertising(whole_us, connectable, now_us)

    def register(self, services: list[Service]) -> list[list[int]]:
        """Replace the services; return their handles."""
        self._need_active()
        if self.schedule.advertising is not None or self.schedule.connections:
            raise RadioError(EBUSY)
        found = self._radio_port.register(services)
        self._values.define(handle for handles in found for handle in handles)
        return found

    def read(self, handle: int) -> bytes:
        """Return a value, nothing for a handle that is not known; one that appends is emptied."""
        self._need_active()
        return self._values.read(handle) if handle in self._values else b""

    def write(self, handle: int, data: bytes, update: bool) -> int:
        """Set a value, which makes room for it; return its length."""
        self._need_handle(handle)
        self._values.set(handle, data)
        if update:
            for connection in self.schedule.connections:
                self._radio_port.notify(connection, handle, data)
        return len(data)

    def set_buffer(self, handle: int, room: int, appends: bool) -> None:
        """Set how much a peer may write, and whether it is put behind what is there."""
        self._need_handle(handle)
        self._values.set_buffer(handle, room, appends)

    def notify(
        self, now_us: int, connection: int, handle: int, data: bytes | None, indicate: bool
    ) -> None:
        """Send a value, or `data`, to a peer."""
        self._need_connection(connection)
        if data is None:
            self._need_handle(handle)
            data = self._values.get(handle)
        if indicate:
            self._radio_port.indicate(connection, handle, data)
            return
        if now_us - self._queue_us >= _EVENT_US:
            self._queued, self._queue_us = {}, now_us
        queued = self._queued.get(connection, 0) + len(data)
        if queued > _QUEUE_BYTES:
            raise RadioError(ENOMEM)
        self._queued[connection] = queued
        self._radio_port.notify(connection, handle, data)

    def disconnect(self, connection: int) -> bool:
        """End a connection; return whether there was one."""
        self._need_active()
        if connection not in self.schedule.connections:
            return False
        self._radio_port.disconnect(connection)
        return True

    def _need_active(self) -> None:
        if not self.active:
            raise RadioError(ENODEV)

    def _need_connection(self, connection: int) -> None:
        self._need_active()
        if connection not in self.schedule.connections:
            raise RadioError(ENOTCONN)

    def _need_handle(self, handle: int) -> None:
        self._need_active()
        if handle not in self._values:
            raise RadioError(EINVAL)
