"""Where Bluetooth work is done: with an adapter of this machine, or on a simulated air.

result = AdapterPlace("hci1").run(work)                 # work(radio) is a coroutine
result = SimulatedRadio(load_scenario("demo"), speed=None).run(work)

SIGINT and SIGTERM cancel the work; `run` then returns None.
"""

import asyncio
import signal
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from filmgauge_host.ble.radio import Radio
from filmgauge_host.errors import InputError
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.scenario.simulation import Simulation

if TYPE_CHECKING:
    from filmgauge_sim.air.air import Air

Result = TypeVar("Result")
_END = "20d"  # of virtual time, if nothing else ends it
_LEAVE_US = 2_000_000
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RadioRunner(Protocol):
    """Runs work that needs a radio."""

    def run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        """Return what the work returns, None when a signal ended it."""
        ...


class AdapterPlace:
    """With bleak's own backend. adapter: such as hci1, None for the first one."""

    def __init__(self, adapter: str | None) -> None:
        self._adapter = adapter

    def run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        """See RadioRunner."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Radio], Awaitable[Result]]) -> Result | None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work(Radio(self._adapter)))
        for number in _SIGNALS:
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return None


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
        from filmgauge_host.virtual.bluetooth import virtual_radio
        from filmgauge_sim.air.air import Air

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
                return self._run(
                    air, simulation, asyncio.ensure_future(work(virtual_radio(air)), loop=air.loop)
                )
            finally:
                simulation.close()
                air.close()

    def _run(
        self, air: "Air", simulation: Simulation, task: "asyncio.Future[Result]"
    ) -> Result | None:
        stopped = False

        def stop(_number: int, _frame: object) -> None:
            nonlocal stopped
            stopped = True

        before = {number: signal.signal(number, stop) for number in _SIGNALS}
        try:
            simulation.run(lambda _node: None, lambda: not (stopped or task.done()))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if not task.done():
            task.cancel()
            air.run_to(round(air.loop.time() * 1e6) + _LEAVE_US)
        return None if task.cancelled() else task.result()
