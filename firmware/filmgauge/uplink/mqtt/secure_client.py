"""MQTT over TLS: a broker proves who it is before a node says anything. Loaded with `mqtt_tls`.

    client = SecureClient(config, board.clock, BrokerAddress(...), "bench-1")  # then as Client

With `mqtt_pin` the broker is who has that key; name, issuer and dates of its certificate do not
count. Without, its certificate must be issued by /ca.der (or be that), be of the host's name, and
hold at the time: what time it is a port takes from its RTC, and that begins in 2000 or 2021 with
each loss of power, when no certificate holds. No network time is believed, since none is signed.
A date that an issuer has signed has been, though: the RTC is put forward to the newest beginning
of all certificates that were found right. So one that holds is never refused, and one that has
expired is as soon as the node can know it.
"""

import gc
import time
from binascii import unhexlify
from hashlib import sha256

import machine
import tls

from filmgauge.compat import const
from filmgauge.uplink.mqtt.certificate import begins, public_key
from filmgauge.uplink.mqtt.client import Client, MqttError

_CA = const("/ca.der")
_CERTIFICATE = const("/client.der")
_KEY = const("/client.key")
_DATE = const("/tls-date")
_DATE_SIZE = const(14)
_HANDSHAKE_MS = const(10000)  # what computing one takes a slow board, and to spare
# MBEDTLS_ERR_X509_FATAL_ERROR: what is not negative counts as bytes written.
_FATAL = const(-0x3000)
_TOO_EARLY = const("starts in the future")
# What mbedtls says of a certificate (x509_crt_error_strings), and what that means here.
_PROBLEMS = const(
    (
        ("not correctly signed", "is not issued by /ca.der"),
        ("does not match", "is of another name"),
        ("has expired", "has expired"),
        (_TOO_EARLY, "does not hold yet"),
    )
)


class SecureClient(Client):
    """A Client whose `connect` also raises MqttError, one sentence, for who is not the broker.

    Making one raises OSError and ValueError for files that are missing or wrong. clock: of the
    board, which has to know of a date that is set.
    """

    def __init__(self, config, clock, *arguments):
        super().__init__(*arguments)
        self._host = config.mqtt_host
        self._clock = clock
        self._pin = unhexlify(config.mqtt_pin)
        self._stream = None  # under TLS, which does not close it where a handshake has failed
        self._is_other = False  # who answers has another key
        self._date = ""  # the newest that is known to have been
        self._begins = ""  # that of the certificates of the last handshake
        gc.collect()  # where TLS takes it from the same heap, it wants 17 KB in one piece
        context = self._context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        if self._pin:
            context.verify_mode = tls.CERT_OPTIONAL  # pyright: ignore  # the stubs lack it
            context.verify_callback = self._check_key  # pyright: ignore
        else:
            issuer = _content(_CA)
            if not issuer:
                raise ValueError("mqtt_tls needs /ca.der or mqtt_pin")
            context.load_verify_locations(issuer)
            context.verify_callback = self._keep_beginning  # pyright: ignore
            self._date = max(begins(issuer), _kept_date())
        certificate = _content(_CERTIFICATE)
        if certificate:
            context.load_cert_chain(certificate, _content(_KEY))

    def close(self) -> None:
        """Close the socket without taking leave."""
        super().close()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _connect_to(self, address, will):
        if _now() < self._date:
            self._put_date_forward()
        try:
            self._is_other = False
            try:
                super()._connect_to(address, will)
            except ValueError as error:
                if not self._was_too_early(error):
                    raise
                self._put_date_forward()
                super()._connect_to(address, will)
        except (OSError, ValueError) as error:
            problem = self._problem(error)
            if problem is None:
                raise
            raise MqttError(problem) from None
        self._keep_date()

    def _open(self, address, deadline):
        """Connect; the first write is what makes the handshake."""
        deadline = super()._open(address, deadline)
        self._stream = self._socket
        self._poll.unregister(self._stream)
        self._begins = ""
        self._socket = self._context.wrap_socket(
            self._stream, server_hostname=self._host, do_handshake_on_connect=False
        )
        self._poll.register(self._socket)
        return time.ticks_add(deadline, _HANDSHAKE_MS)

    def _check_key(self, der, depth):
        """Be asked for each certificate of a handshake, the broker's own at 0."""
        if depth:
            return 0
        try:
            if sha256(public_key(der)).digest() == self._pin:
                return 0
            self._is_other = True
        except (ValueError, MemoryError):  # nothing may be raised through mbedtls
            pass
        return _FATAL

    def _keep_beginning(self, der, depth):
        try:
            self._begins = max(self._begins, begins(der))
        except (ValueError, MemoryError):
            return _FATAL
        return 0

    def _was_too_early(self, error):
        """Return whether all is right with a certificate but for the time, so that its issuer has
        signed its dates; the RTC may be put forward to its beginning then."""
        lines = str(error).strip().split("\n")
        if len(lines) != 1 or _TOO_EARLY not in lines[0] or self._begins <= self._date:
            return False
        self._date = self._begins
        return True

    def _put_date_forward(self):
        clock, date = self._clock, self._date
        clock.now_ms()  # what has passed by the old date
        year, rest = int(date[:4]), [int(date[i : i + 2]) for i in range(4, _DATE_SIZE, 2)]
        machine.RTC().datetime((year, rest[0], rest[1], 0, rest[2], rest[3], rest[4], 0))
        clock.date_ms = time.time_ns() // 1000000

    def _keep_date(self):
        """Keep what is known of the date over a loss of power."""
        if self._pin or (self._begins <= self._date and _kept_date() == self._date):
            return
        self._date = max(self._date, self._begins)
        try:
            with open(_DATE, "w") as file:
                file.write(self._date)
        except OSError as error:  # it is found out again then
            print("filmgauge: date:", error)

    def _problem(self, error):
        """Return what is wrong with who has answered, None where nobody has."""
        if self._is_other:
            return "the broker's key is not that of mqtt_pin"
        text = str(error)
        for said, problem in _PROBLEMS:
            if said in text:
                return "the broker's certificate " + problem
        if isinstance(error, OSError):
            number = error.args[0]
            if not isinstance(number, int) or number >= 0:
                return None  # of the network
        return "no TLS with the broker: " + text


def _content(path):
    """Return the bytes of a file, none where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _kept_date():
    try:
        text = _content(_DATE).decode()
    except UnicodeError:
        return ""
    return text if len(text) == _DATE_SIZE and text.isdigit() else ""


def _now():
    return "%04d%02d%02d%02d%02d%02d" % tuple(time.gmtime()[:6])
