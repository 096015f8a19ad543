"""The air of a run and the bridge that listens to it, in the run's own process."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from filmgauge_host.ble.bridge import Bridge
from filmgauge_host.ble.node_registry import KnownNodes
from filmgauge_host.ble.radio import Radio
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.virtual.bleak_backend import VirtualAdapter, backends
from filmgauge_sim.air.air import Air
from filmgauge_sim.scenario.scenario import Scenario

_LEAVE_US = 2_000_000  # of virtual time, to end a visit


def virtual_radio(air: Air) -> Radio:
    """Return the radio of a host on the air."""
    scanner, client = backends(VirtualAdapter(air.device("host")))
    return Radio(None, scanner, client)


class BridgedAir:
    """Use as a context, around the simulation that `air` is given to."""

    def __init__(self, scenario: Scenario, address: BrokerAddress, folder: Path) -> None:
        self.air = Air(scenario.seed)
        self.bridge = Bridge(
            virtual_radio(self.air), address, folder / "bridge.sqlite", KnownNodes([])
        )
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self.bridge.__enter__()
        self._task = self.air.loop.create_task(self.bridge.gateway.run())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            self.air.run_to(round(self.air.loop.time() * 1e6) + _LEAVE_US)
        self.bridge.__exit__(kind, error, trace)
        self.air.close()

    @property
    def fetched(self) -> int:
        """How many records the bridge has fetched."""
        return self.bridge.gateway.counts.records

    def drain(self, timeout_s: float) -> bool:
        """Wait in real time until the broker has everything that was fetched."""
        return self.bridge.courier.drain(timeout_s)
