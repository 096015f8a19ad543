"""What the alerts remember of a node from record to record, and over a restart of the monitor."""

from dataclasses import dataclass

import msgspec

from filmgauge.record import FAULT_CELL, FAULT_LIFE, FAULT_RESET
from filmgauge_host.telemetry.received_record import ReceivedRecord

_DAY_S = 86400
_SIGMAS = 2
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """What a record says that is new since the one before.

    restart: why the board began anew, in words, else empty. drift_pct_per_day: see NodeMemory,
    None within the first day.
    """

    restart: str = ""
    new_life: bool = False
    lost_memory: bool = False
    drift_pct_per_day: float | None = None


class NodeMemory(msgspec.Struct, omit_defaults=True):
    """The last judged record of a node, and what is summed up from record to record.

    node_s: the node's own time, which goes on from boot to boot. accepted_lost: missing records
    that are nobody's news. surprise_nah: what the ends of the curve have corrected beyond two
    standard deviations of the record before, summed with its sign; marks: (node_s,
    surprise_nah) a day and up to two days ago.
    """

    life: int
    boot: int
    seq: int
    up_s: int
    resets: int | None = None
    seen_unix_ms: int = 0
    next_report_s: float | None = None
    accepted_lost: int = 0
    node_s: float = 0.0
    corrected_nah: int | None = None
    sigma_nah: float = 0.0
    surprise_nah: float = 0.0
    marks: list[tuple[float, float]] = []

    @classmethod
    def of(cls, received: ReceivedRecord) -> "NodeMemory":
        """Return the memory of a node of which this is the first record."""
        life, boot, seq = received.key
        memory = cls(life, boot, seq, _up_s(received))
        memory._restart_drift(received)
        memory._store(received)
        return memory

    def is_newer(self, received: ReceivedRecord) -> bool:
        """Return whether a record of the newest life is newer than what was judged."""
        life, boot, seq = received.key
        return life != self.life or (boot, seq) > (self.boot, self.seq)

    def advance(self, received: ReceivedRecord) -> Change:
        """Go on to a newer record, and return what it says that is new."""
        life, boot, _ = received.key
        faults = received.value("faults") or 0
        new_life = life != self.life
        restart = "" if new_life else self._restart(received, faults)
        same_boot = not new_life and boot == self.boot
        passed_s = _up_s(received) - (self.up_s if same_boot else 0)
        self.node_s += max(0, passed_s)
        if new_life or faults & FAULT_CELL:
            self._restart_drift(received)
        drift = self._drift(received)
        self._store(received)
        return Change(restart, new_life, bool(faults & FAULT_LIFE), drift)

    def _restart(self, received: ReceivedRecord, faults: int) -> str:
        _, boot, _ = received.key
        resets = received.value("resets")
        if boot > self.boot:
            return f"boot {boot} has begun, after boot {self.boot}"
        if (resets or 0) > (self.resets or 0):
            return f"the watchdog or a brown-out has reset it, {resets} times since its power came"
        return "the watchdog or a brown-out has reset it" if faults & FAULT_RESET else ""

    def _drift(self, received: ReceivedRecord) -> float | None:
        """Return by how much of the capacity counting was off in a day, beyond sigma, in %."""
        corrected, full = received.value("corrected_nah"), received.value("full_nah")
        if corrected is None or self.corrected_nah is None or not full:
            return None
        moved = corrected - self.corrected_nah
        beyond = max(0.0, abs(moved) - _SIGMAS * self.sigma_nah)
        self.surprise_nah += beyond if moved > 0 else -beyond
        if self.node_s - self.marks[-1][0] >= _DAY_S:
            self.marks = [self.marks[-1], (self.node_s, self.surprise_nah)]
        began_s, before = self.marks[0]
        span_s = self.node_s - began_s
        if span_s < _DAY_S:
            return None
        return 100 * abs(self.surprise_nah - before) / full * _DAY_S / span_s

    def _restart_drift(self, received: ReceivedRecord) -> None:
        self.surprise_nah, self.marks = 0.0, [(self.node_s, 0.0)]
        self.corrected_nah = received.value("corrected_nah")

    def _store(self, received: ReceivedRecord) -> None:
        self.life, self.boot, self.seq = received.key
        self.up_s, self.resets = _up_s(received), received.value("resets")
        self.seen_unix_ms = received.received_unix_ms
        corrected = received.value("corrected_nah")
        self.corrected_nah = self.corrected_nah if corrected is None else corrected
        sigma_ppm, full = received.value("soc_sigma_ppm"), received.value("full_nah")
        self.sigma_nah = (sigma_ppm or 0) * (full or 0) / _PPM


def _up_s(received: ReceivedRecord) -> int:
    return received.value("up_s") or 0
