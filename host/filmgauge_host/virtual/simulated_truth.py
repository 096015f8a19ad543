"""The truth of a run for its page: when a record was made in its world, and what the cells were.

The world begins at the moment of the real one at which the run did.
"""

import time
from collections.abc import Mapping, Sequence

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.truth_log import TruthLog
from filmgauge_sim.scenario.simulation import Simulation


class SimulatedTruth:
    """Reads the logs of a simulation that runs in another thread."""

    def __init__(self) -> None:
        self._simulation: Simulation | None = None
        self._logs: dict[str, TruthLog] = {}
        self._begun_ms = time.time_ns() // 1_000_000

    def follow(self, simulation: Simulation) -> None:
        """Begin to read from a simulation; before that nothing is known."""
        self._logs = {node.name: node.truth for node in simulation.nodes}
        self._simulation = simulation

    @property
    def now_ms(self) -> int:
        """How far it is, in Unix ms of its world."""
        return self._begun_ms + (self._simulation.now_us // 1000 if self._simulation else 0)

    def time_ms(self, received: ReceivedRecord) -> int | None:
        """Return when a record was made in its world, None for no record of a node of it."""
        log = self._logs.get(received.node)
        if log is None:
            return None
        true_us = log.true_us(received.key[:2], received.value("up_s") or 0)
        return None if true_us is None else self._begun_ms + true_us // 1000

    def at(self, received: ReceivedRecord) -> Mapping[str, float] | None:
        """Return time and values of the wake that is nearest to a record, None for no wake."""
        log = self._logs.get(received.node)
        entry = log.at(received.key[:2], received.value("up_s") or 0) if log else None
        return self._values(entry) if entry else None

    def course(self, node: str) -> Mapping[str, Sequence[float]]:
        """Return time and values of each wake of a node, nothing of one that it does not have."""
        wakes = [self._values(entry) for entry in self._logs.get(node, ())]
        return {name: [wake[name] for wake in wakes] for name in wakes[0]} if wakes else {}

    def _values(self, entry: Truth) -> dict[str, float]:
        return {
            "time_ms": self._begun_ms + entry.now_us // 1000,
            "soc_pct": round(entry.stoichiometry * 100, 4),
            "voltage_v": round(entry.voltage_v, 6),
            "current_ua": round(entry.current_ua, 6),
            "temperature_c": round(entry.temperature_c, 3),
        }
