"""By what a node knows its broker, over TLS, and by which certificate the broker knows it.

    stream = trust.wrap(socket, "broker.lan")  # not blocking; the first write shakes hands
    trust.learns_date(error), trust.problem(error), trust.passed()

There are two ways: pinned_key.py and trusted_issuer.py.
"""

import tls

from filmgauge.compat import const

# What mbedtls says of a certificate (x509_crt_error_strings) and, behind |, what that means here.
_PROBLEMS = const(
    "not correctly signed|is not issued by /ca.der\n"
    "does not match|is of another name\n"
    "has expired|has expired\n"
    "starts in the future|does not hold yet"
)
# What a check of a certificate returns, MBEDTLS_ERR_X509_FATAL_ERROR: what is not negative would
# count as bytes written.
FATAL = const(-0x3000)


class BrokerTrust:
    """What both ways have in common. `_check` is asked for each certificate of a handshake, the
    broker's own at depth 0; it returns 0 or FATAL, and raises nothing: that is mbedtls's code."""

    def __init__(self):
        self.context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self.context.verify_callback = self._check  # pyright: ignore  # the stubs lack it
        certificate = content("/client.der")
        if certificate:
            self.context.load_cert_chain(certificate, content("/client.key"))

    def wrap(self, stream, host):
        """Return the stream as one of TLS that speaks to `host` alone."""
        return self.context.wrap_socket(
            stream, server_hostname=host, do_handshake_on_connect=False
        )

    def learns_date(self, error) -> bool:
        """Return whether a failed handshake has told the date, so that another is worth it."""
        return False

    def passed(self) -> None:
        """Keep what a handshake that has passed tells, and hold nothing for the connection."""
        self.context.verify_callback = None  # pyright: ignore

    def problem(self, error) -> str:
        """Return what is wrong with who has answered, nothing where nobody has."""
        text = str(error)
        for line in _PROBLEMS.split("\n"):
            said, problem = line.split("|")
            if said in text:
                return "the broker's certificate " + problem
        number = error.args[0] if isinstance(error, OSError) else -1
        if isinstance(number, int) and number >= 0:
            return ""  # of the network
        return "no TLS with the broker: " + text


def content(path: str) -> bytes:
    """Return the bytes of a file, none where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
