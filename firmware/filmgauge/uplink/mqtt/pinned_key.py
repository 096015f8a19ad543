"""The broker is who has a certain key, with `mqtt_pin`: name, issuer and dates of its certificate
do not count."""

from binascii import unhexlify
from hashlib import sha256

import tls

from filmgauge.uplink.mqtt.broker_trust import FATAL, BrokerTrust
from filmgauge.uplink.mqtt.certificate import public_key


class PinnedKey(BrokerTrust):
    """pin: SHA-256 of the broker's SubjectPublicKeyInfo, in hexadecimal."""

    def __init__(self, pin):
        super().__init__()
        self._pin = unhexlify(pin)
        self._is_other = False  # who answers has another key
        self.context.verify_mode = tls.CERT_OPTIONAL  # pyright: ignore

    def _check(self, der, depth):
        if depth:
            return 0
        try:
            if sha256(public_key(der)).digest() == self._pin:
                return 0
            self._is_other = True
        except (ValueError, MemoryError):
            pass
        return FATAL

    def problem(self, error):
        """See BrokerTrust."""
        if self._is_other:
            return "the broker's key is not that of mqtt_pin"
        return super().problem(error)
