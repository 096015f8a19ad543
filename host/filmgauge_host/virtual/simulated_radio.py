"""A radio on a simulated air, where the nodes of a scenario run the real firmware.

result = SimulatedRadio(load_scenario("demo"), speed=None).run(work)    # see ble/radio.py
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from filmgauge_host.ble.gateway import Bridge
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.radio import Radio, Result
from filmgauge_host.errors import InputError
from filmgauge_host.signals import catch_signals
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.virtual.adapter import VirtualAdapter
from filmgauge_host.virtual.bleak_client import client_backend
from filmgauge_host.virtual.bleak_scanner import scanner_backend
from filmgauge_sim.air.air import Air
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.scenario.simulation import Simulation

_END = "20d"  # of virtual time, if nothing else ends it
_SILENCE_S = 300.0  # nobody pulls a simulated adapter out
_LEAVE_US = 2_000_000  # of virtual time, for what is cancelled to end


def virtual_radio(adapter: VirtualAdapter) -> Radio:
    """Return the radio of a host whose adapter is on an air."""
    return Radio(None, scanner_backend(adapter), client_backend(adapter))


def host_radio(air: Air, tells_mtu: bool = True) -> Radio:
    """Return the radio of a new host on the air. tells_mtu: see VirtualAdapter."""
    adapter = VirtualAdapter(air.device("host"), tells_mtu)
    return replace(virtual_radio(adapter), silence_s=_SILENCE_S)


def cancel(air: Air, task: "asyncio.Future[Result]") -> None:
    """Cancel a task on the loop of the air, and give it virtual time to end."""
    task.cancel()
    air.run_to(air.now_us + _LEAVE_US)


class SimulatedRadio:
    """The nodes of a scenario that advertise, with the real firmware in this process.

    speed: virtual seconds a second, None for as fast as the machine allows. Raises InputError for
    a scenario without such a node.
    """

    def __init__(self, scenario: Scenario, speed: float | None) -> None:
        nodes = [node for node in scenario.node if node.description.advertises]
        if not nodes:
            raise InputError(f"scenario {scenario.name} has no node with bluetooth.advertise_ms")
        self._scenario = msgspec.structs.replace(scenario, node=nodes)
        self._speed = speed

    def run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        """See RadioRunner."""
        with tempfile.TemporaryDirectory(prefix="filmgauge-air-") as folder:
            air = Air(self._scenario.seed)
            simulation = Simulation(
                self._scenario,
                Broker("127.0.0.1", 1883),  # nobody speaks to it
                Path(folder),
                "cpython",
                _END,
                self._speed,
                air,
            )
            try:
                return _run(air, simulation, work)
            finally:
                simulation.close()
                air.close()


def _run(
    air: Air, simulation: Simulation, work: Callable[[Radio], Awaitable[Result]]
) -> Result | None:
    task = asyncio.ensure_future(work(host_radio(air)), loop=air.loop)
    try:
        with catch_signals() as signalled:
            simulation.run(lambda _node: None, lambda: not (signalled() or task.done()))
    finally:
        if not task.done():
            cancel(air, task)
    return None if task.cancelled() else task.result()


class BridgedAir(NamedTuple):
    """The air of a run and the bridge that listens to it, in the run's own process."""

    air: Air
    bridge: Bridge

    @property
    def fetched(self) -> int:
        """How many records the bridge has fetched."""
        return self.bridge.gateway.counts.records


@contextmanager
def bridged_air(
    scenario: Scenario, address: BrokerAddress, folder: Path, loss: float = 0.0
) -> Iterator[BridgedAir]:
    """Bridge an air as long as the context lasts, which is around the simulation on it."""
    with closing(Air(scenario.seed, loss)) as air:
        nobody = NodeRegistry([])
        with Bridge(host_radio(air), address, folder / "bridge.sqlite", nobody) as bridge:
            task = air.loop.create_task(bridge.gateway.run())
            try:
                yield BridgedAir(air, bridge)
            finally:
                cancel(air, task)
