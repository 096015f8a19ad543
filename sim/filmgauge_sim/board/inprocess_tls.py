"""What `tls` of MicroPython is, made of this process's ssl: for firmware that runs in it.

As far as the shim `_tls` uses it. Dates of certificates are the shim's affair, since they are held
against the clock of a virtual board.
"""

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL
_FATAL = -0x3000  # MBEDTLS_ERR_X509_FATAL_ERROR
_CONN_EOF = -0x7280  # MBEDTLS_ERR_SSL_CONN_EOF
_BAD_INPUT = -0x7100
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
# The words of mbedtls for what it finds.
_NAME_TEXT = "The certificate Common Name (CN) does not match with the expected CN\n"
_ISSUER_TEXT = "The certificate is not correctly signed by the trusted CA\n"
_READ_BYTES = 4096
_ALERT = b"\x15\x03\x03\x00\x02\x02\x2e"  # fatal: certificate_unknown
_HEAD_BYTES = 5  # of a TLS record; the last two are its length
_NONE, _OPTIONAL, _REQUIRED = 0, 1, 2


class _Below(Protocol):
    """A socket of the board: None where it would have to wait."""

    def write(self, data: bytes) -> int | None: ...
    def readinto(self, buffer: Any) -> int | None: ...


def tls_engine() -> ModuleType:
    """Return the module that the shim takes for the interpreter's."""
    module = ModuleType("_tls_engine")
    constants = {
        "PROTOCOL_TLS_CLIENT": 0,
        "CERT_NONE": _NONE,
        "CERT_OPTIONAL": _OPTIONAL,
        "CERT_REQUIRED": _REQUIRED,
    }
    vars(module).update(constants, SSLContext=_Context)
    return module


class _Context:
    """`tls.SSLContext` of a client. verify_callback: gets the peer's certificate in DER and 0, and
    returns 0 for one that will do."""

    def __init__(self, protocol: int) -> None:
        if protocol != 0:
            raise NotImplementedError("virtual boards are clients")
        self.verify_mode = _REQUIRED
        self.verify_callback: Callable[[bytes, int], int] | None = None
        self._ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._ssl.maximum_version = ssl.TLSVersion.TLSv1_2  # of the ports
        self._ssl.verify_flags |= _NO_CHECK_TIME

    def load_verify_locations(self, cadata: bytes) -> None:
        try:
            self._ssl.load_verify_locations(cadata=cadata)
        except ssl.SSLError:
            raise ValueError("invalid cert") from None

    def load_cert_chain(self, certificate: bytes, key: bytes) -> None:
        pem_key = ssl.DER_cert_to_PEM_cert(key).replace("CERTIFICATE", "PRIVATE KEY")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "client.pem"
            path.write_text(ssl.DER_cert_to_PEM_cert(certificate) + pem_key)
            try:
                self._ssl.load_cert_chain(path)
            except ssl.SSLError:
                raise ValueError("invalid key") from None

    def wrap_socket(
        self, below: _Below, *, server_hostname: str, do_handshake_on_connect: bool
    ) -> "_Socket":
        if self.verify_mode == _REQUIRED:
            self._ssl.check_hostname, self._ssl.verify_mode = True, ssl.CERT_REQUIRED
        else:
            self._ssl.check_hostname, self._ssl.verify_mode = False, ssl.CERT_NONE
        return _Socket(self, self._ssl, below, server_hostname)


class _Socket:
    """`SSLSocket` of MicroPython: None where it would have to wait."""

    def __init__(
        self, context: _Context, of: ssl.SSLContext, below: _Below, server_hostname: str
    ) -> None:
        self._context = context
        self._below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = of.wrap_bio(self._in, self._out, server_hostname=server_hostname)
        self._is_open = False

    def write(self, data: bytes) -> int | None:
        if not self._shake_hands():
            return None
        count = self._tls.write(data)
        self._flush()
        return count

    def readinto(self, buffer: Any) -> int | None:
        was_open = self._is_open
        if not (self._shake_hands() and was_open):
            return None  # nobody speaks before the first write
        while True:
            try:
                return self._tls.read(len(buffer), buffer)  # pyright: ignore[reportReturnType]
            except ssl.SSLWantReadError:
                if not self._fetch():
                    return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return 0
            except ssl.SSLError as error:
                raise OSError(_BAD_INPUT, error.reason or "") from None

    def close(self) -> None:
        """Do nothing: what is below has its own end."""

    def _shake_hands(self) -> bool:
        while not self._is_open:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._fetch():
                    return False
            except ssl.SSLCertVerificationError as error:
                self._flush()  # the alert
                is_name = error.verify_code in _OTHER_NAME
                raise ValueError(_NAME_TEXT if is_name else _ISSUER_TEXT) from None
            except ssl.SSLError as error:
                self._flush()
                raise OSError(_BAD_INPUT, error.reason or "") from None
            else:
                self._is_open = True
                callback = self._context.verify_callback
                certificate = self._tls.getpeercert(True) or b""
                if callback is not None and callback(certificate, 0):
                    self._is_open = False
                    self._below.write(_ALERT)
                    raise OSError(_FATAL, "MBEDTLS_ERR_X509_FATAL_ERROR")
        self._flush()
        return True

    def _flush(self) -> None:
        """Send what there is, a record at a time, as mbedtls does."""
        data = self._out.read()
        while data:
            size = _HEAD_BYTES + int.from_bytes(data[3:_HEAD_BYTES], "big")
            data = data[self._below.write(data[:size]) or 0 :]

    def _fetch(self) -> bool:
        """Take what has come; return whether anything has."""
        buffer = bytearray(_READ_BYTES)
        got = self._below.readinto(buffer)
        if got is None:
            return False
        if got == 0:
            self._in.write_eof()
            if not self._is_open:
                raise OSError(_CONN_EOF, "MBEDTLS_ERR_SSL_CONN_EOF")
            return True
        self._in.write(bytes(buffer[:got]))
        return True
