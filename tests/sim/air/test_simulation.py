"""Several nodes on one air beside each other: connections at once, the same again, real time."""

import asyncio
import struct
import time
from pathlib import Path
from typing import Any

import msgspec
from bumble.core import UUID
from bumble.device import Device, Peer

from filmgauge.record.record import Record
from filmgauge_sim.air.air import Air
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.scenario import Scenario
from filmgauge_sim.scenario.simulation import Simulation

NODES = 8
OWN = "6f10{:04x}-9d3c-4b52-8e71-66696c6d6761"


def scenario(nodes: int) -> Scenario:
    """`window` with as many nodes, whose clocks go differently, each advertising for 8 s.

    A device that begins one connection at a time needs some 5 s for all of them, with a third of
    the packets lost.
    """
    given = load_scenario("window")
    node = given.node[0]
    made = [
        msgspec.structs.replace(
            node,
            description=varied(
                node.description, {"name": f"node-{number}", "bluetooth.advertise_ms": 8000}
            ),
            world=varied(node.world, {"clock_error_ppm": 10 * number}),
        )
        for number in range(nodes)
    ]
    return msgspec.structs.replace(given, node=made)


class Run:
    """A simulation with an air and a device that coroutines of the host may use."""

    def __init__(
        self, folder: Path, runtime: RuntimeName, nodes: int, loss: float, **options: Any
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.air = Air(seed=1, loss=loss)
        self.device = self.air.device("central")
        self.simulation = Simulation(
            scenario(nodes), Broker("", 0), folder, runtime, air=self.air, **options
        )
        self.addresses = {
            node.name: node.board.bluetooth.address.hex(":").upper()
            for node in self.simulation.nodes
        }

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self.simulation.close()
        self.air.close()

    def go(self, work: Any) -> Any:
        """Run to the end with `work` on the air's loop; return what it returns."""
        task = self.air.loop.create_task(work)
        self.simulation.run(lambda node: None, lambda: True)
        assert task.done()
        return task.result()


async def visit(device: Device, address: str, log: list[tuple[str, float]]) -> dict[str, Any]:
    """Connect, read the newest record and stay for a while."""
    loop = asyncio.get_running_loop()
    peer = Peer(await device.connect(address, timeout=None))
    log.append(("come", loop.time()))
    await peer.discover_services()
    await peer.discover_characteristics()
    (record,) = peer.get_characteristics_by_uuid(UUID(OWN.format(2)))
    read = Record.from_bytes(await record.read_value())
    (name,) = peer.get_characteristics_by_uuid(UUID(0x2A25))
    found = (await name.read_value()).decode()
    for _ in range(5):
        await asyncio.sleep(0.5)
        assert await record.read_value() == read.to_bytes()
    log.append(("go", loop.time()))
    await peer.connection.disconnect()
    return {"name": found, "at": loop.time()}


async def visit_all(run: Run, log: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """Visit all nodes: one radio begins one connection at a time, but holds many."""
    visits = []
    for address in run.addresses.values():
        visits.append(asyncio.ensure_future(visit(run.device, address, log)))
        while len([None for what, _ in log if what == "come"]) < len(visits):
            await asyncio.sleep(0.02)
    return await asyncio.gather(*visits)


def test_eight_nodes_are_connected_at_once_and_each_time_the_same(tmp_path: Path) -> None:
    """On either runtime."""
    seen = []
    runtimes: tuple[RuntimeName, ...] = ("cpython", "micropython")
    for runtime in runtimes:
        with Run(tmp_path / runtime, runtime, NODES, 0.3, duration="2min") as run:
            log: list[tuple[str, float]] = []
            found = run.go(visit_all(run, log))
            assert [each["name"] for each in found] == list(run.addresses)
            held = most = 0
            for what, _ in sorted(log, key=lambda entry: entry[1]):
                held += 1 if what == "come" else -1
                most = max(most, held)
            assert most == NODES
            meters = [node.board.load.time_us for node in run.simulation.nodes]
            seen.append((found, log, meters))
    assert seen[0] == seen[1]


def test_no_node_runs_ahead_of_the_air_while_it_talks(tmp_path: Path) -> None:
    """A read is answered within some connection events, whatever the other nodes do."""

    async def times(run: Run) -> list[float]:
        loop = asyncio.get_running_loop()
        peer = Peer(await run.device.connect(run.addresses["node-0"], timeout=None))
        await peer.request_mtu(185)
        await peer.discover_services()
        await peer.discover_characteristics()
        (record,) = peer.get_characteristics_by_uuid(UUID(OWN.format(2)))
        taken = []
        for _ in range(40):
            begun = loop.time()
            await record.read_value()
            taken.append((loop.time() - begun) / peer.connection.parameters.connection_interval)
        return taken

    with Run(tmp_path, "cpython", 4, 0.0, duration="1min") as run:
        events = [taken * 1e3 for taken in run.go(times(run))]
    assert max(events) < 2.5  # one there, one back, and what the board's doze adds


def test_it_keeps_the_pace_of_the_real_clock(tmp_path: Path) -> None:
    async def ticks(begun: float) -> list[float]:
        loop, seen = asyncio.get_running_loop(), []
        for _ in range(6):
            await asyncio.sleep(2.0)
            seen.append(loop.time() / (time.monotonic() - begun))
        return seen

    with Run(tmp_path, "cpython", 1, 0.0, duration="13s", speed=10.0) as run:
        begun = time.monotonic()
        paces = run.go(ticks(begun))
        assert time.monotonic() - begun >= 1.3
    assert all(pace <= 10.0 for pace in paces)  # never ahead; a busy machine may fall behind


def test_a_thread_of_the_host_is_heard(tmp_path: Path) -> None:
    import threading

    async def told(run: Run) -> str:
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[str] = loop.create_future()
        threading.Timer(0.1, loop.call_soon_threadsafe, (heard.set_result, "yes")).start()
        return await heard

    with Run(tmp_path, "cpython", 1, 0.0, duration="100s", speed=100.0) as run:
        assert run.go(told(run)) == "yes"


def test_without_an_air_bumble_is_not_imported() -> None:
    import subprocess
    import sys

    code = "import sys, filmgauge_sim.scenario.simulation; print('bumble' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_log_of_a_node_comes_over_the_air(tmp_path: Path) -> None:
    """What a request asks for comes, in order, whole, and with what is left told at the end."""

    async def download(run: Run) -> list[Record]:
        peer = Peer(await run.device.connect(run.addresses["node-0"], timeout=None))
        await peer.discover_services()
        await peer.discover_characteristics()
        (request,) = peer.get_characteristics_by_uuid(UUID(OWN.format(6)))
        (data,) = peer.get_characteristics_by_uuid(UUID(OWN.format(7)))
        pieces: list[bytes] = []
        await data.subscribe(pieces.append)
        await request.write_value(struct.pack("<IIIH", 0, 0, 0, 5), with_response=True)
        while not pieces or pieces[-1][0] != 0xFF:
            await asyncio.sleep(0.05)
        assert struct.unpack("<HH", pieces.pop()[1:]) == (1, 0)
        last = len(pieces) - 1
        assert [piece[0] for piece in pieces] == [*range(last), 0x80 | last]
        return [Record.from_bytes(b"".join(piece[1:] for piece in pieces))]

    with Run(tmp_path, "cpython", 1, 0.0, duration="1min") as run:
        assert [(each.boot, each.seq) for each in run.go(download(run))] == [(1, 0)]
