"""Where the broker is: a look-up may hang, so the address that worked last is tried first.

address = BrokerAddress("broker.local", 1883, "/broker")
address.cached()             # (ip, port), None where there is none of this host
address.resolve()           # OSError; may take as long as the watchdog lets it
address.keep(found)         # flash is written only where it has changed
"""

import socket

from filmgauge.compat import const

_LONGEST = const(300)  # a name of 253 characters and an address


class BrokerAddress:
    """`before_hanging` is called before what may never come back."""

    def __init__(self, host, port, path=None, before_hanging=None):
        self._host = host
        self._port = port
        self._path = path  # None: nothing is kept
        self._before_hanging = before_hanging
        self._cached = None

    def cached(self):
        """Return the address that has worked last, None where there is none."""
        try:
            with open(self._path or "") as file:
                host, _, ip = file.read(_LONGEST).partition("\n")
        except (OSError, ValueError):
            return None
        self._cached = ip if host == self._host else None
        return (ip, self._port) if self._cached else None

    def resolve(self):
        """Ask for the address; raise OSError, in words, where nobody knows the name."""
        if self._before_hanging is not None:
            self._before_hanging()
        try:
            return socket.getaddrinfo(self._host, self._port)[0][-1]
        except OSError:  # a number that each port has of its own
            raise OSError("the broker's name %s is not found" % self._host) from None

    def keep(self, address) -> None:
        """Keep an address that has worked."""
        if not self._path or address[0] == self._cached:
            return
        try:
            with open(self._path, "w") as file:
                file.write("%s\n%s" % (self._host, address[0]))
        except OSError as error:  # it is looked up again then
            print("filmgauge: broker's address:", error)
