"""The air of a run and the bridge that listens to it, in the run's own process."""

from pathlib import Path
from typing import Self

from filmgauge_host.ble.bridge import Bridge
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.virtual.simulated_radio import cancel, host_radio
from filmgauge_sim.air.air import Air
from filmgauge_sim.scenario.scenario import Scenario


class BridgedAir:
    """Use as a context, around the simulation that `air` is given to."""

    def __init__(
        self, scenario: Scenario, address: BrokerAddress, folder: Path, loss: float = 0.0
    ) -> None:
        self.air = Air(scenario.seed, loss)
        self.bridge = Bridge(
            host_radio(self.air), address, folder / "bridge.sqlite", NodeRegistry([])
        )

    def __enter__(self) -> Self:
        self.bridge.__enter__()
        self._task = self.air.loop.create_task(self.bridge.gateway.run())
        return self

    def __exit__(self, *_error: object) -> None:
        cancel(self.air, self._task)
        self.bridge.__exit__()
        self.air.close()

    @property
    def fetched(self) -> int:
        """How many records the bridge has fetched."""
        return self.bridge.gateway.counts.records
