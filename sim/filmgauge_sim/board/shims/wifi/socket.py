"""Real sockets in virtual time.

As lwIP does, a socket holds back a small write until the peer has acknowledged what was sent
before (Nagle), also when it is closed meanwhile; what is held back is lost when the radio goes.
What a peer answers to a send becomes visible one latency later, whatever the host's network
needs; a peer that stays silent costs the firmware its whole timeout in virtual time, and the
host a bounded wait.
"""

import _board
import _link
import _protocol
import network
import usocket
from usocket import AF_INET, SOCK_STREAM

_ETIMEDOUT = 110
_EHOSTUNREACH = 118  # as lwIP numbers it
_IPPROTO_TCP = 6
_TCP_NODELAY = 1
_SEGMENT = 1440  # TCP_MSS of the ports: so much is sent at once
_CALL_US = 10  # assumed: a call into the network stack


def _wait_us(us):
    while us > 0:
        step = us if us < 1000000000 else 1000000000
        _link.call(_protocol.SLEEP_US, 0, step)
        us -= step


def getaddrinfo(host, port, *args):
    """Look a name up; costs a latency as a query to a near resolver does."""
    fails_us = network._lookup_fails_us
    if fails_us == _protocol.LOOKUP_HANGS:
        _link.call(_protocol.HANG)
    _wait_us(fails_us or network._latency_us)
    try:
        if fails_us:
            raise OSError
        address = usocket.getaddrinfo(host, port, AF_INET, SOCK_STREAM)[0][-1]
    except OSError:
        raise OSError(-2, "")  # as lwIP answers for an unknown name
    if not isinstance(address, tuple):  # the unix port has a packed one
        address = ".".join(str(byte) for byte in address[4:8]), port
    return [(AF_INET, SOCK_STREAM, 0, "", address)]


class socket:
    def __init__(self, family=AF_INET, kind=SOCK_STREAM, protocol=0):
        self._real = usocket.socket(family, kind)
        # The host's own delays are not the board's: send small packets at once.
        self._real.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        self._timeout_us = None  # None blocks without bound, 0 does not block
        self._visible_us = 0  # when the answer to the last send can be seen
        self._silent = False  # whether the peer let a whole real wait pass since then
        self._sent_last = False
        self._acknowledged_us = 0  # when the peer has all that was sent
        self._held = b""  # until then

    def settimeout(self, seconds):
        self._timeout_us = None if seconds is None else int(seconds * 1000000)

    def setblocking(self, flag):
        self._timeout_us = None if flag else 0

    def setsockopt(self, level, option, value):
        pass

    def fileno(self):
        return self._real.fileno()

    def connect(self, address):
        if not network.WLAN().isconnected():
            raise OSError(_EHOSTUNREACH, "")
        try:
            self._real.settimeout(_board.real_wait_ms / 1000)
            real = usocket.getaddrinfo(address[0], address[1], AF_INET, SOCK_STREAM)[0][-1]
            self._real.connect(real)
            self._real.setblocking(False)
        except OSError as error:
            if error.errno in (110, 115, 11):  # no answer within the real wait
                _wait_us(self._timeout_us or 75000000)
                raise OSError(_ETIMEDOUT, "")
            _wait_us(network._latency_us)
            raise
        _wait_us(network._latency_us)

    def write(self, data):
        self._send_held()
        sent_us = max(_link.now_us(), self._acknowledged_us)
        if sent_us > _link.now_us() and len(data) < _SEGMENT:
            self._held += data
            count = len(data)
        else:
            count = self._real.write(data)
        self._visible_us = self._acknowledged_us = sent_us + network._latency_us
        self._silent = False
        self._sent_last = True
        return count

    def _send_held(self):
        """Send what was held back once its time has come."""
        if self._held and _link.now_us() >= self._acknowledged_us - network._latency_us:
            self._real.write(self._held)
            self._held = b""

    send = write

    def readinto(self, buffer):
        self._send_held()
        if not self.ready():
            if self._timeout_us == 0:
                return None
            if not self.await_data(self._timeout_us):
                raise OSError(_ETIMEDOUT, "")
        self._sent_last = False
        got = self._real.readinto(buffer)
        if got is None and not self._silent:  # the host may be slower than the board
            self._silent = not _readable(self._real, _board.real_wait_ms)
            got = self._real.readinto(buffer)
        return got

    def read(self, count):
        buffer = bytearray(count)
        got = self.readinto(buffer)
        return None if got is None else bytes(buffer[:got])

    recv = read

    def close(self):
        if self._held:
            network.leaving.append(self)
        else:
            self._leave()

    def radio_goes(self):
        """Lose what could not be sent by now; nobody hears of it."""
        self._send_held()
        if self._held:
            self._sent_last = False
        self._leave()

    def _leave(self):
        if self._sent_last and not self._silent:
            # The board comes back minutes later, which may be a millisecond here: let the peer
            # take note of the goodbye, or it takes the return for a second client of that name.
            _readable(self._real, _board.real_wait_ms)
        self._sent_last = False  # it may be closed again
        self._real.close()

    def ready(self):
        """Return whether the firmware may look for data yet."""
        _link.elapse(_CALL_US)  # a loop that only looks must not stop the time
        return _link.now_us() >= self._visible_us

    def await_data(self, timeout_us):
        """Wait in virtual time until there is something to read; return whether there is."""
        _link.elapse(_CALL_US)
        begun = _link.now_us()
        early = self._visible_us - begun
        if early > 0:
            if timeout_us is not None and early > timeout_us:
                _wait_us(timeout_us)
                return False
            _wait_us(early)
        self._send_held()
        if _readable(self._real, 0 if self._silent else _board.real_wait_ms):
            return True
        self._silent = True
        if timeout_us is None:
            _link.call(_protocol.HANG)
        _wait_us(timeout_us - (_link.now_us() - begun))
        return False


def _readable(real, wait_ms):
    import uselect

    poller = uselect.poll()
    poller.register(real, uselect.POLLIN)
    return bool(poller.poll(wait_ms))
