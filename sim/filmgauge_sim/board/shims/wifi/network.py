"""`network` of a port with Wi-Fi: a station that takes its time to associate, and may fail.

The numbers of `status` are those of the ESP32 port, and so is what its driver raises where the
radio does not start (network_wlan.c, esp_exceptions_helper of network_common.c): RuntimeError for
what has no name there, and MemoryError where the heap of the port, not that of Python, is too
small. The driver is loaded as the first WLAN is made.
"""

import sys

import _board
import _link
import _protocol
import ustruct

STA_IF = 0
AP_IF = 1
STAT_IDLE = _protocol.STAT_IDLE
STAT_CONNECTING = _protocol.STAT_CONNECTING
STAT_GOT_IP = _protocol.STAT_GOT_IP
STAT_NO_AP_FOUND = _protocol.STAT_NO_AP_FOUND
STAT_WRONG_PASSWORD = _protocol.STAT_WRONG_PASSWORD


_ENOMEM = 12

leaving = []  # sockets that were closed with something held back
_latency_us = _board.latency_us
_lookup_fails_us = 0


def _switch(power):
    """Radio on, out of the network or without power."""
    while power in (0, _protocol.RADIO_WITHOUT_POWER) and leaving:
        leaving.pop().radio_goes()
    _link.call(_protocol.WLAN_ACTIVE, power)


class _Tls:
    """`tls`, loaded when it is used: the interpreter's own goes before every path."""

    def __getattr__(self, name):
        import _tls

        return getattr(_tls, name)


def _start(power):
    try:
        _switch(power)
    except OSError as error:
        if _board.port != "esp32":
            raise
        no_memory = error.errno == _ENOMEM
    else:
        return
    if no_memory:
        raise MemoryError
    raise RuntimeError("Wifi Unknown Error 0x3012")


class WLAN:
    def __init__(self, interface=STA_IF):
        self._active = False
        if _board.port == "rp2":  # network_cyw43.c
            self.deinit = self._deinit
        else:
            _start(_protocol.RADIO_DRIVER)

    def _deinit(self):
        self._active = False
        _switch(_protocol.RADIO_WITHOUT_POWER)

    def active(self, is_active=None):
        if is_active is None:
            return self._active
        if is_active:
            _start(_protocol.RADIO_ON)
        else:
            _switch(0)
        self._active = bool(is_active)
        return self._active

    def scan(self):
        if not self._active:
            raise OSError("Wifi Not Started")
        name = _link.call(_protocol.WLAN_SCAN)
        return [(name, b"\2virtu", 1, -50, 3, False)] if name else []

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        _link.call(_protocol.WLAN_CONNECT, 0, 0, (ssid + "\0" + (key or "")).encode())

    def disconnect(self):
        if self._active:
            self.active(False)
            self.active(True)

    def status(self, param=None):
        global _latency_us, _lookup_fails_us
        status, _latency_us, _lookup_fails_us = ustruct.unpack(
            "<HII", _link.call(_protocol.WLAN_STATUS)
        )
        return status

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def config(self, *args, **kwargs):
        return None


sys.modules["tls"] = _Tls()
