"""The Wi-Fi around a board: joining takes time, may fail, and the radio draws current."""

from dataclasses import dataclass, field

from filmgauge_sim.board.shims import _protocol


@dataclass(frozen=True)
class AccessPoint:
    """One network. Times in us of true time; outages are (begin, end) pairs."""

    ssid: str = "lab"
    password: str = ""
    association_us: int = 900_000  # of an address that is given at once; see nodes/boards.py
    latency_us: int = 20_000  # assumed: to the broker and back, in the same house
    outages: tuple[tuple[int, int], ...] = field(default=())

    def is_up(self, now_us: int) -> bool:
        """Return whether the network can be heard."""
        return not any(begin <= now_us < end for begin, end in self.outages)


class Station:
    """A board's radio in one network.

    latency_us: to the broker and back. lookup_fails_us: after which a look-up fails, 0 where it is
    answered, None where it never ends. A board learns of both when it joins.
    """

    def __init__(self, access_point: AccessPoint) -> None:
        self._access_point = access_point
        self.latency_us = access_point.latency_us
        self.lookup_fails_us: int | None = 0
        self.active = False
        self.powered = False  # whether the radio draws its current
        self._status = _protocol.STAT_IDLE
        self._decided_us = 0
        self._outcome = _protocol.STAT_IDLE

    def power_off(self) -> None:
        """Lose everything, as in a boot."""
        self.active = self.powered = False
        self._status = _protocol.STAT_IDLE

    def set_active(self, active: bool) -> None:
        """Enter or leave: a station that leaves forgets the network."""
        if active != self.active:
            self.active = active
            self._status = _protocol.STAT_IDLE

    def join(self, ssid: str, password: str, now_us: int) -> None:
        """Begin to join; `status` tells the outcome once the time has passed."""
        network = self._access_point
        if ssid != network.ssid or not network.is_up(now_us):
            self._outcome = _protocol.STAT_NO_AP_FOUND
        elif password != network.password:
            self._outcome = _protocol.STAT_WRONG_PASSWORD
        else:
            self._outcome = _protocol.STAT_GOT_IP
        self._status = _protocol.STAT_CONNECTING
        self._decided_us = now_us + network.association_us

    def audible(self, now_us: int) -> str:
        """Return the name of the network that can be heard, nothing for none."""
        return self._access_point.ssid if self._access_point.is_up(now_us) else ""

    def status(self, now_us: int) -> int:
        """Return the status as the ESP32 port numbers it."""
        if self._status == _protocol.STAT_CONNECTING and now_us >= self._decided_us:
            self._status = self._outcome
        return self._status

    def is_connected(self, now_us: int) -> bool:
        """Return whether it is in the network."""
        return self.status(now_us) == _protocol.STAT_GOT_IP
