"""Bluetooth of a harvesting node: smallest heap, and what a visit takes."""

import asyncio
import json
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec
from bumble.core import UUID
from bumble.device import Peer

from bench.figures import Figure
from bench.firmware import smallest_heap_kb
from filmgauge.record.record import Record
from filmgauge.uplink.actions import CONFIGURE, FORGET
from filmgauge_host.ble import uuids
from filmgauge_host.commands import frames as commands
from filmgauge_sim.air.air import Air
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import store_records
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation, virtual_node

_READ = (uuids.RECORD, uuids.LEDGER, uuids.ENERGY, uuids.STATE, uuids.CONFIGURATION)
_USED = (*_READ, uuids.LOG_REQUEST, uuids.LOG_DATA, uuids.COMMAND, uuids.REPLY)
_KEY = bytes(range(16))
_LOG = 1000


def report() -> Iterator[Figure]:
    """Yield the smallest heap and what downloads take."""
    largest = board_kind("stm32wb55").heap_kb
    yield Figure(
        "smallest heap of an stm32wb55 that is visited, read, reconfigured and emptied",
        f"{smallest_heap_kb(_goes_well)} KB",
        f"{largest} KB, what it has",
    )
    for count in (100, _LOG):
        with _Bed(count) as bed:
            seconds, got = bed.run(_download)
        yield Figure(f"a log of {got} records over Bluetooth", f"{seconds:.1f} s")


class _Bed(ExitStack):
    """The node of `window` with records on its flash and a large capacitor, on an air."""

    def __init__(self, records: int, heap_kb: int | None = None) -> None:
        super().__init__()
        folder = Path(self.enter_context(tempfile.TemporaryDirectory()))
        scenario = load_scenario("window")
        changes = {
            "bluetooth.awake_ms": 0,
            "records.backlog": 1024,
            "commands": True,
            "capacitor.capacitance_uf": 1e6,
            "flash_blocks": 256,
        }
        node = msgspec.structs.replace(
            scenario.node[0],
            description=varied(scenario.node[0].description, changes),
            secrets={"command_key": _KEY.hex()},
        )
        self.air = self.enter_context(closing(Air(seed=1)))
        self.central = self.air.device("central")
        nobody, empty = Broker("", 0), msgspec.structs.replace(scenario, node=[])
        self.simulation = self.enter_context(
            closing(Simulation(empty, nobody, folder, "cpython", "8h", air=self.air))
        )
        runtime = "cpython" if heap_kb is None else "micropython32"
        options = NodeOptions(runtime, heap_kb, radio_port=self.air.radio_port(node.name))
        self.node = virtual_node(scenario, node, nobody, folder, options)
        self.simulation.nodes.append(self.node)
        made = [Record(boot=1, seq=seq, up_s=60 * seq).to_bytes() for seq in range(records)]
        self.run(lambda _: asyncio.sleep(10))  # records without any state are another life's
        store_records(self.node.flash, made)
        self.node.cut_power()

    def run(self, work: Any) -> Any:
        """Let the node live until `work` is done; return what it returns, None when it fails."""
        task = self.air.loop.create_task(work(self))
        self.simulation.run(lambda node: None, lambda: not task.done())
        if not task.done() or task.cancelled() or task.exception():
            return None
        return task.result()

    async def connect(self) -> dict[str, Any]:
        """Connect; return the characteristics by UUID."""
        address = self.node.board.bluetooth.address.hex(":").upper()
        peer = Peer(await self.central.connect(address, timeout=None))
        await peer.request_mtu(185)
        await peer.discover_services()
        await peer.discover_characteristics()
        self.connection = peer.connection
        return {uuid: peer.get_characteristics_by_uuid(UUID(uuid))[0] for uuid in _USED}


async def _download(bed: _Bed) -> tuple[float, int]:
    found = await bed.connect()
    pieces: list[bytes] = []
    await found[uuids.LOG_DATA].subscribe(pieces.append)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    await _request_log(found, pieces)
    return loop.time() - begun_s, struct.unpack("<H", pieces[-1][1:3])[0]


async def _request_log(found: dict[str, Any], pieces: list[bytes]) -> None:
    await found[uuids.LOG_REQUEST].write_value(
        struct.pack("<IIIH", 0, 0, 0, 65535), with_response=True
    )
    while not pieces or pieces[-1][0] != 0xFF:
        await asyncio.sleep(0.02)


async def _use_everything(bed: _Bed) -> bool:
    """Connect three times: read, download, reconfigure and forget; return whether all was done."""
    for counter in (10, 20, 30):
        found = await bed.connect()
        for uuid in _READ:
            await found[uuid].read_value()
        pieces: list[bytes] = []
        await found[uuids.LOG_DATA].subscribe(pieces.append)
        await _request_log(found, pieces)
        change = json.dumps({"load_na": counter}).encode()
        part = struct.pack("<HH", 0, len(change)) + change
        for operation, payload in (
            (CONFIGURE, part),
            (FORGET, commands.forget_payload((0, 1, counter))),
        ):
            counter += 1
            frame = commands.frame(bed.node.name, _KEY, counter, operation, payload)
            await found[uuids.COMMAND].write_value(frame, with_response=True)
            await asyncio.sleep(1)
            if (await found[uuids.REPLY].read_value())[:5] != struct.pack("<IB", counter, 0):
                return False
        await bed.connection.disconnect()
        await asyncio.sleep(10)
    return True


def _goes_well(heap_kb: int) -> bool:
    with _Bed(40, heap_kb) as bed:
        done = bed.run(_use_everything)
        return bool(done) and "MemoryError" not in bed.node.console.read_text()
