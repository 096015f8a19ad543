"""The truth of a run for its page: when a record was made in its world, and what the cells were.

The world begins at the moment of the real one at which the run did.
"""

import time
from collections.abc import Mapping, Sequence

from filmgauge_host.telemetry.received_record import ReceivedRecord
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

    def course(self, node: str) -> Mapping[str, Sequence[float]]:
        """Return time and values of each wake of a node, nothing of one that it does not have."""
        log = self._logs.get(node, ())
        # the last entry may be in the making
        entries = [log[index] for index in range(len(log) - 1)]
        if not entries:
            return {}
        return {
            "time_ms": [self._begun_ms + entry.now_us // 1000 for entry in entries],
            "soc_pct": [round(entry.stoichiometry * 100, 4) for entry in entries],
            "voltage_v": [round(entry.voltage_v, 6) for entry in entries],
            "current_ua": [round(entry.current_ua, 6) for entry in entries],
            "temperature_c": [round(entry.temperature_c, 3) for entry in entries],
        }
