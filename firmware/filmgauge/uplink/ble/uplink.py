"""The uplink of a board without Wi-Fi: advertises the newest record, and serves who connects.

Nobody acknowledges an advertisement, so the record waits in flash before it goes on the air.
"""

import struct
from binascii import unhexlify

from filmgauge.compat import const, unload
from filmgauge.uplink import NoUplink
from filmgauge.uplink.ble import bthome, gatt
from filmgauge.uplink.ble.advertising_policy import AdvertisingPolicy
from filmgauge.uplink.ble.events import Link
from filmgauge.uplink.peer_context import PeerContext

_COUNTER = const("/counter")
_ADVERTISED_ONLY = const("it was only advertised")
_SERVING = const(  # what only a connection needs
    ".uplink.ble.gatt_ .uplink.ble.battery_service .uplink.ble.log_transfer"
    " .uplink.commands .uplink.actions .uplink.reconfigure .uplink.version_orders"
    " .uplink.crash_records .upgrade .config .store.bonds .store.counters"
)
NAME_LENGTH = const(10)  # characters of a name that fit beside the manufacturer data
POSITION_SIZE = const(15)  # of a record: version, life, boot, seq, up_s
_SHORT_NAME = const(0x08)  # kinds of advertising data
_NAME = const(0x09)
_MANUFACTURER = const(0xFF)
_LONGEST_NAME = const(31)  # of a device: NimBLE takes no more (modbluetooth_nimble.c)
_NO_IO = const(3)  # neither a display nor keys
COMPANY = const(0xFFFF)  # of the manufacturer data: none, for tests


class BleUplink(NoUplink):
    """Advertises as BTHome v2. `radio` is the board's module `bluetooth`."""

    stores_first = True

    def __init__(self, board, config, profile, radio):
        self._board = board
        self._radio = radio
        self._node = config.node.encode()
        self._duration_ms = config.ble_advertise_ms
        self._policy = AdvertisingPolicy(config)
        self._encrypt = self._counter = None
        if config.ble_key:
            from filmgauge.store.counters import MonotonicCounter
            from filmgauge.uplink.ble.aes import block_cipher

            self._encrypt = block_cipher(unhexlify(config.ble_key))
            self._counter = MonotonicCounter(_COUNTER)
        self.peer = PeerContext(board, config, profile)

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Advertise the record at a level of service; return False: nobody acknowledges it."""
        self._policy.choose(level)
        self.taken_nj = 0
        self.served = None
        self.error = _ADVERTISED_ONLY
        if self._policy.interval_ms:
            self.peer.next_s = self.next_s
            self.peer.show(record, backlog, ledger)
            try:
                self._advertise(record)
            except (OSError, ValueError) as error:  # a radio must not cost the record
                self.error = error
                self.served = False
                print("filmgauge: bluetooth:", error)
            if self.peer.obeyed:
                self.served = True
        return False

    def _advertise(self, record):
        ble = self._radio.BLE()
        link = Link(ble, self._board)
        begun_ms = self._board.clock_ms()
        advertised_ms = 0
        ble.active(True)
        try:
            connectable = self._policy.connectable
            if connectable:
                name = self._node[:_LONGEST_NAME]
                ble.config(gap_name=name, bond=True, le_secure=True, mitm=False, io=_NO_IO)
                link.handles = gatt.register(self._radio, ble)
            ble.gap_advertise(
                self._policy.interval_ms * 1000,
                self._data(ble, record),
                resp_data=scan_response(self._node, record),
                connectable=connectable,
            )
            self._await_central(link)
            ble.gap_advertise(None)
            advertised_ms = self._board.clock_ms() - begun_ms
            if link.connection is not None:
                if self.peer.make_room is not None:
                    self.peer.make_room()
                from filmgauge.uplink.ble.gatt_server import GattServer

                GattServer(link, self.peer).serve()
        finally:
            ble.active(False)
            link.disconnected()
            ble.irq(None)
            link.save_bonds()
            if link.ready:
                unload(_SERVING)
            self.taken_nj = self._policy.taken_nj(advertised_ms, link)

    def _await_central(self, link):
        board = self._board
        until_ms = board.clock_ms() + self._duration_ms
        while link.connection is None:
            left_ms = until_ms - board.clock_ms()
            if left_ms <= 0:
                return
            link.doze(left_ms)

    def _data(self, ble, record):
        if self._counter is None:
            return bthome.plain(record)
        address = bytes(ble.config("mac")[1])
        try:
            number = self._counter.next(self.peer.backlog)
        except ValueError as error:  # what is secret stays so
            print("filmgauge: bluetooth:", error)
            return bthome.without_values(record)
        return bthome.encrypted(record, self._encrypt, address, number)


def scan_response(name: bytes, record) -> bytes:
    """Return name and place of the record for who scans actively: 31 bytes at most."""
    kind = _NAME if len(name) <= NAME_LENGTH else _SHORT_NAME
    name = name[:NAME_LENGTH]
    position = struct.pack("<H", COMPANY) + record.to_bytes()[:POSITION_SIZE]
    return (
        bytes((len(name) + 1, kind)) + name + bytes((len(position) + 1, _MANUFACTURER)) + position
    )
