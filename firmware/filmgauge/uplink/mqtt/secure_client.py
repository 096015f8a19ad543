"""MQTT over TLS: a broker proves who it is before a node says anything. Loaded with `mqtt_tls`.

client = SecureClient(config, board.clock, BrokerAddress(...), "bench-1")  # then as Client
"""

import gc
import time

from filmgauge.compat import const, unload
from filmgauge.uplink.mqtt.client import Client, MqttError

_TRUST = const(
    ".uplink.mqtt.broker_trust .uplink.mqtt.pinned_key .uplink.mqtt.trusted_issuer"
    " .uplink.mqtt.certificate .uplink.set_date"
)


class SecureClient(Client):
    """A Client whose `connect` also raises MqttError, one sentence, for who is not the broker, and
    ValueError where nothing says who is.

    clock: of the board, which has to know of a date that is set. handshake_ms: what a connection
    may take beside the time-out, since a slow board computes.
    """

    handshake_ms = 10000

    def __init__(self, config, clock, *arguments):
        super().__init__(*arguments)
        self._host = config.mqtt_host
        self._pin = config.mqtt_pin
        self._clock = clock
        self._trust = None  # while it connects
        self._stream = None  # under TLS, which does not close it where a handshake has failed

    def close(self) -> None:
        """Close the socket without taking leave."""
        super().close()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _connect_to(self, address, will):
        trust = self._trust = self._load_trust()
        try:
            try:
                super()._connect_to(address, will)
            except ValueError as error:
                if not trust.learns_date(error):
                    raise
                super()._connect_to(address, will)
            trust.passed()
        except (OSError, ValueError) as error:
            problem = trust.problem(error)
            if not problem:
                raise
            raise MqttError(problem) from None
        finally:
            self._trust = trust = None
            unload(_TRUST)  # what follows has its room

    def _load_trust(self):
        gc.collect()  # where TLS takes it from the same heap, it wants 17 KB in one piece
        if self._pin:
            from filmgauge.uplink.mqtt.pinned_key import PinnedKey

            return PinnedKey(self._pin)
        from filmgauge.uplink.mqtt.trusted_issuer import TrustedIssuer

        return TrustedIssuer(self._clock)

    def _open(self, address, deadline):
        """Connect; the first write is what makes the handshake."""
        deadline = super()._open(address, deadline)
        stream = self._stream = self._socket
        self._poll.unregister(stream)
        self._socket = self._trust.wrap(stream, self._host)  # pyright: ignore
        self._poll.register(self._socket)
        return time.ticks_add(deadline, self.handshake_ms)
