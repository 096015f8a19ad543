"""`tls` of a port in virtual time: mbedtls of the interpreter, on the board's sockets.

What the board has beside the interpreter: certificates are held against the date of its RTC, and a
handshake takes its processor a while. As on a board, nothing of what is written leaves before the
peer's certificate has passed. Without a system below it, as on an RP2, mbedtls has its memory from
Python's heap (m_tracked_calloc of modtls_mbedtls.c); here it does not, so that is charged.
"""

import io

import _board
import _link
import _protocol
import _tls_engine

PROTOCOL_TLS_CLIENT = _tls_engine.PROTOCOL_TLS_CLIENT
CERT_OPTIONAL = _tls_engine.CERT_OPTIONAL
CERT_REQUIRED = _tls_engine.CERT_REQUIRED
_ALLOC_FAILED = -0x7F00
# Of a connection, 33 KB with the record that is received (MBEDTLS_SSL_IN_CONTENT_LEN) in one
# piece, and 13 KB more in its handshake (docs/security.md); the smaller pieces are assumed.
_CONNECTED = ((16700, 1), (4500, 1), (1000, 12))
_HANDSHAKE = ((500, 26),)
_ALERT = b"\x15\x03\x03\x00\x02\x02\x2d"  # fatal: certificate_expired


class SSLContext:
    def __init__(self, protocol):
        _link.now_us()  # its random numbers are those of one boot
        self._engine = _tls_engine.SSLContext(protocol)
        self._engine.verify_callback = self._verify
        self.load_verify_locations = self._engine.load_verify_locations
        self.load_cert_chain = self._engine.load_cert_chain
        self.verify_mode = self._engine.verify_mode
        self.verify_callback = None
        self.taken = None  # of the heap: for the connection, and for the handshake
        self.asked = False  # whether the handshake has come to the peer's certificate
        self.problem = ""  # of its dates

    def wrap_socket(self, sock, **options):
        self.asked, self.problem = False, ""
        self._engine.verify_mode = self.verify_mode
        if _board.port == "rp2":
            try:
                self.taken = [_pieces(_CONNECTED), _pieces(_HANDSHAKE)]
            except MemoryError:
                self.taken = None
            if self.taken is None:
                raise OSError(_ALLOC_FAILED, "MBEDTLS_ERR_SSL_ALLOC_FAILED")
        return _Socket(self, self._engine.wrap_socket(_Stream(sock), **options), sock)

    def _verify(self, der, depth):
        problem = _link.call(_protocol.CERTIFICATE, depth == 0, 0, der)
        if self.verify_mode == CERT_REQUIRED:
            self.problem += problem.decode()
        result = 0 if self.verify_callback is None else self.verify_callback(der, depth)
        self.asked = self.asked or depth == 0
        return result


def _pieces(sizes):
    return [bytearray(size) for size, count in sizes for _ in range(count)]


class _Socket:
    def __init__(self, context, engine, below):
        self._context = context
        self._engine = engine
        self._below = below
        self._one = bytearray(1)
        self.awaits_data = False  # what `poll` waits for, though it is asked for room to write

    def write(self, data):
        if self._is_proving():
            return None
        count = self._engine.write(data)
        self.awaits_data = count is None
        return count

    def readinto(self, buffer):
        return None if self._is_proving() else self._engine.readinto(buffer)

    def close(self):
        self._engine.close()
        self._below.close()
        self._context.taken = None

    def await_data(self, timeout_us):
        return self._below.await_data(timeout_us)

    def _is_proving(self):
        """Go on with the handshake; return whether the peer's certificate is still to come."""
        context = self._context
        if context.asked:
            return False
        self.awaits_data = True
        try:
            self._engine.readinto(self._one)
        except ValueError as error:
            raise ValueError(str(error) + context.problem)
        if context.asked and context.taken:
            del context.taken[1:]
        if context.problem:
            self._below.write(_ALERT)
            raise ValueError(context.problem)
        return not context.asked


class _Stream(io.IOBase):
    """A socket of the board as mbedtls takes it."""

    def __init__(self, below):
        self.readinto = below.readinto
        self.write = below.write

    def ioctl(self, request, argument):
        return 0
