"""Opens a connection to a broker's host, and says why there is none.

A name may stand for several addresses, `localhost` for ::1 and 127.0.0.1 say.
"""

import os
import socket
import ssl

from filmgauge_host.errors import InputError


def connect(host: str, port: int, timeout_s: float) -> socket.socket:
    """Return a connection to the first address that takes one.

    timeout_s: for each address. Raises OSError, that of the address which says most: refused by a
    host that is there, before silent, before without a way to it. ValueError: a host name that
    cannot be encoded.
    """
    try:
        return socket.create_connection((host, port), timeout_s, all_errors=True)
    except ExceptionGroup as errors:
        raise min((each for each in errors.exceptions), key=_rank) from None


def connect_problem(error: Exception) -> str:
    """Return why a connection could not be opened, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message.lower().rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {(error.reason or 'it does not speak it').lower().replace('_', ' ')}"
    text = str(error)
    if isinstance(error, InputError):
        return text  # a sentence already
    if isinstance(error, socket.gaierror):
        text = error.strerror or text
    elif isinstance(error, OSError) and error.errno:
        text = os.strerror(error.errno)  # asyncio has other words
    return text.lower() or type(error).__name__


def _rank(error: Exception) -> int:
    if isinstance(error, ConnectionError):
        return 0
    return 1 if isinstance(error, TimeoutError) else 2
