"""The broker is who has a certificate of the issuer in /ca.der, or that one itself, for the host's
name, that holds at the time: without `mqtt_pin`.

What time it is a port takes from its RTC, and that begins in 2000 or 2021 with each loss of power,
when no certificate holds. No network time is believed, since none is signed. A date that an issuer
has signed has been, though: the RTC is put forward to the newest beginning of all certificates
that were found right. So one that holds is never refused, and one that has expired is as soon as
the node can know it.
"""

import time

from filmgauge.compat import const
from filmgauge.uplink.mqtt.broker_trust import FATAL, BrokerTrust, content
from filmgauge.uplink.mqtt.certificate import begins

_DATE = const("/tls-date")
_DATE_SIZE = const(14)


class TrustedIssuer(BrokerTrust):
    """clock: of the board, which has to know of a date that is set."""

    def __init__(self, clock):
        super().__init__()
        if clock.ticks_run:
            from filmgauge.uplink.set_date import renew_date

            renew_date(clock)
        issuer = content("/ca.der")
        if not issuer:
            raise ValueError("mqtt_tls needs /ca.der or mqtt_pin")
        self.context.load_verify_locations(issuer)
        self._clock = clock
        self._begins = ""  # the newest of the certificates of a handshake
        self._stored = _stored_date()
        self._date = max(begins(issuer), self._stored)  # the newest that is known to have been
        if "%04d%02d%02d%02d%02d%02d" % tuple(time.gmtime()[:6]) < self._date:
            self._put_date_forward()

    def _check(self, der, depth):
        try:
            self._begins = max(self._begins, begins(der))
        except (ValueError, MemoryError):
            return FATAL
        return 0

    def learns_date(self, error):
        """All is right with a certificate but for the time: then its issuer has signed its dates,
        and the time has come when it begins."""
        lines = str(error).strip().split("\n")
        too_early = len(lines) == 1 and "starts in the future" in lines[0]
        if not too_early or self._begins <= self._date:
            return False
        self._date = self._begins
        self._put_date_forward()
        return True

    def passed(self):
        """See BrokerTrust."""
        super().passed()
        date = max(self._date, self._begins)
        if date == self._stored:
            return
        try:
            with open(_DATE, "w") as file:  # for after a loss of power
                file.write(date)
        except OSError as error:  # it is found out again then
            print("filmgauge: date:", error)

    def _put_date_forward(self):
        from machine import RTC

        clock, date = self._clock, self._date
        clock.now_ms()  # what has passed by the old date
        month, day, hour, minute, second = [int(date[i : i + 2]) for i in range(4, _DATE_SIZE, 2)]
        RTC().datetime((int(date[:4]), month, day, 0, hour, minute, second, 0))
        clock.date_ms = time.time_ns() // 1000000


def _stored_date():
    try:
        text = content(_DATE).decode()
    except UnicodeError:
        return ""
    return text if len(text) == _DATE_SIZE and text.isdigit() else ""
