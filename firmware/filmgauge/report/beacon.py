"""The uplink of a board without Wi-Fi: advertises the newest record for a while.

Nobody acknowledges an advertisement, so the record also waits in flash for whoever reads it.
"""

from binascii import unhexlify

from filmgauge.control.counter import Counter
from filmgauge.report import bthome
from filmgauge.report.aes import block_cipher

_COUNTER = "/counter"
_HEARD = "it was only advertised"


class Beacon:
    """Advertises as BTHome v2. `radio` makes the board's BLE; `error` says why a record waits.

    Raises ValueError for a key that is not 32 hexadecimal digits.
    """

    ACKNOWLEDGES = False

    def __init__(self, board, config, radio):
        self._board = board
        self._radio = radio
        self._interval_us = config.ble_interval_ms * 1000
        self._duration_ms = config.ble_advertise_ms
        self._encrypt = block_cipher(_key(config.ble_key)) if config.ble_key else None
        self._counter = Counter(_COUNTER)
        self.error = None

    def send(self, record, backlog, introduce: bool) -> bool:
        """Advertise the record; return False: it waits in flash as well."""
        try:
            self._advertise(record)
            self.error = _HEARD
        except (OSError, ValueError) as error:  # a radio must not cost the record
            self.error = error
        return False

    def _advertise(self, record):
        ble = self._radio()
        ble.active(True)
        try:
            ble.gap_advertise(self._interval_us, self._data(ble, record), connectable=False)
            self._board.nap(self._duration_ms)
            ble.gap_advertise(None)
        finally:
            ble.active(False)

    def _data(self, ble, record):
        if self._encrypt is None:
            return bthome.plain(record)
        address = bytes(ble.config("mac")[1])
        return bthome.encrypted(record, self._encrypt, address, self._counter.next())


def _key(text):
    try:
        key = unhexlify(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise ValueError("configuration key ble_key must be 32 hexadecimal digits")
    return key
