"""Eight nodes with the real firmware on a lossy air, and a bridge to a real broker."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filmgauge_host.ble.bridge import Bridge
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_host.virtual.simulated_radio import host_radio
from filmgauge_sim.air.air import Air
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.flash_reader import backlog
from filmgauge_sim.nodes.sections import BluetoothSection, CellSection, IntervalsSection
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode
from filmgauge_sim.scenario.simulation import Simulation

NODES = 8


@dataclass(frozen=True)
class Campaign:
    """What became of the records of all nodes. waiting: of those made, still on their nodes.

    lost: neither received nor waiting. wall_s: real time.
    """

    made: int
    received: int
    waiting: int
    lost: int
    duplicated: int
    failed_visits: int
    wall_s: float


def nodes_scenario(count: int, report_s: int, duration: str, seed: int = 1) -> Scenario:
    """Return a scenario of nodes that report every so many seconds."""
    nodes = [
        ScenarioNode(
            description=NodeDescription(
                name=f"node-{number}",
                board="stm32wb55",
                cell=CellSection(soc=0.5, soc_sigma=0.001),
                intervals=IntervalsSection(sample_s=report_s, report_every=1),
                bluetooth=BluetoothSection(advertise_ms=5000),
            ),
            world=WorldSection(clock_error_ppm=10 * number),
        )
        for number in range(1, count + 1)
    ]
    return Scenario(name="bench", seed=seed, duration=duration, node=nodes)


def campaign(duration: str, loss: float, seed: int = 1, report_s: int = 600) -> Campaign:
    """Run eight nodes with the real firmware and a bridge to a real broker."""
    begun_s = time.monotonic()
    scenario = nodes_scenario(NODES, report_s, duration, seed)
    with tempfile.TemporaryDirectory() as name, EmbeddedBroker() as broker:
        folder = Path(name)
        address = parse_address(broker.url)
        air = Air(seed, loss)
        with (
            RecordStore(folder / "records.sqlite") as store,
            Ingest(address, store) as ingest,
            Bridge(host_radio(air), address, folder / "spool", NodeRegistry([])) as bridge,
        ):
            ingest.wait_connected(10)
            task = air.loop.create_task(bridge.gateway.run())
            simulation = Simulation(
                scenario, Broker("127.0.0.1", 1), folder, "cpython", duration, None, air
            )
            try:
                simulation.run(_look, lambda: True)
                task.cancel()
                air.run_to(round(air.loop.time() * 1e6) + 1_000_000)
                bridge.forwarder.drain(20)
                _await(lambda: store.rows >= bridge.gateway.counts.records)
                made, waiting, lost = 0, 0, 0
                for node in simulation.nodes:
                    node.new_records()
                    got = {each.key for each in store.records(node.name)}
                    kept = len(backlog(node.flash))
                    missing = node.made - len(got)
                    made += node.made
                    waiting += min(missing, kept)
                    lost += max(0, missing - kept)
                duplicated = sum(each.duplicated for each in ingest.statistics().values())
                failed = bridge.gateway.counts.failed
                return Campaign(
                    made,
                    store.rows,
                    waiting,
                    lost,
                    duplicated,
                    failed,
                    time.monotonic() - begun_s,
                )
            finally:
                simulation.close()
                air.close()


def _look(node: VirtualNode) -> None:
    node.new_records()  # counts what was made before the backlog drops it


def _await(true: Callable[[], object], seconds: float = 20.0) -> None:
    until_s = time.monotonic() + seconds
    while not true() and time.monotonic() < until_s:
        time.sleep(0.01)
