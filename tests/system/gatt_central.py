"""A central of other authors for the tests of what a node serves: bumble, on the virtual air."""

import asyncio
import hashlib
import hmac
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from bumble.att import ATT_Error
from bumble.core import UUID
from bumble.device import Device, Peer
from bumble.pairing import PairingConfig, PairingDelegate
from cadence import period_s

from filmgauge_sim.air.air import Air
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, configuration, stored_record
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import Simulation

KEY = "00112233445566778899aabbccddeeff"
OWN = "6f10{:04x}-9d3c-4b52-8e71-66696c6d6761"
RECORD, LEDGER, ENERGY, STATE, REQUEST, DATA, COMMAND, SECURE, REPLY, CONFIGURATION = range(2, 12)
TIME, REPORT, ZERO, REBOOT, CONFIGURE, FORGET, PROFILE, RESET, UPDATE, PIECE, CRASHES = range(
    1, 12
)


def frame(operation: int, counter: int, payload: bytes = b"", key: str = KEY) -> bytes:
    """Return a command for the node window-1, sealed by the library's HMAC."""
    body = struct.pack("<BBI", 1, operation, counter) + payload
    text = b"window-1\0" + body
    return body + hmac.new(bytes.fromhex(key), text, hashlib.sha256).digest()[:16]


class NodeSync:
    """A connection to a node."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.connection = peer.connection
        self.replies: list[tuple[int, int, str]] = []
        self.pieces: list[bytes] = []

    def value(self, number: int) -> Any:
        """Return a characteristic: the node's own by its number, others by their UUID."""
        uuid = UUID(OWN.format(number)) if number < 0x100 else UUID.from_16_bits(number)
        (found,) = self.peer.get_characteristics_by_uuid(uuid)
        return found

    async def read(self, number: int) -> bytes:
        return await self.value(number).read_value()

    async def write(self, number: int, data: bytes) -> int:
        """Write; return the ATT error, 0 for none."""
        try:
            await self.value(number).write_value(data, with_response=True)
        except ATT_Error as error:
            return int(error.error_code)
        return 0

    async def tell(self, data: bytes, number: int = COMMAND) -> tuple[int, int, str]:
        """Write a command; return counter, status and text of the reply, read in full."""
        before = len(self.replies)
        error = await self.write(number, data)
        if error:
            return 0, -error, ""
        while len(self.replies) == before:
            await asyncio.sleep(0.02)
        reply = await self.read(REPLY)
        return *struct.unpack("<IB", reply[:5]), reply[5:].decode()

    async def log(
        self, life: int = 0, boot: int = 0, seq: int = 0, count: int = 65535
    ) -> list[bytes]:
        """Return the records newer than (life, boot, seq); raise when the end does not agree."""
        del self.pieces[:]
        assert not await self.write(REQUEST, struct.pack("<IIIH", life, boot, seq, count))
        while not self.pieces or self.pieces[-1][0] != 0xFF:
            await asyncio.sleep(0.02)
        sent, self.left = struct.unpack("<HH", self.pieces[-1][1:])
        records = records_in(self.pieces)
        assert len(records) == sent
        return records


def records_in(pieces: list[bytes]) -> list[bytes]:
    """Return the whole records in pieces of the log; an unfinished one is left out."""
    records, parts = [], []
    for piece in pieces:
        if piece[0] == 0xFF:
            break
        assert piece[0] & 0x7F == len(parts)
        parts.append(piece[1:])
        if piece[0] & 0x80:
            records.append(b"".join(parts))
            parts = []
    return records


def pairs(device: Device) -> None:
    """Let a device pair without a person, by LE Secure Connections."""
    device.pairing_config_factory = lambda connection: PairingConfig(
        sc=True, mitm=False, bonding=True, delegate=PairingDelegate()
    )


class Rig:
    """The node of `window` on an air with a central; use as a context.

    Without `hours` it runs for a report period and a half: long enough for two visits."""

    def __init__(
        self,
        folder: Path,
        runtime: RuntimeName = "cpython",
        hours: float | None = None,
        loss: float = 0.0,
        configuration: dict[str, Any] | None = None,
        flash_blocks: int = 64,
        capacitance_uf: float = 4700.0,
        backlog: int = 256,
        bluetooth: dict[str, int] | None = None,
        **intervals: int,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        scenario = load_scenario("window")
        given = {
            "bluetooth.awake_ms": 0,
            "capacitor.capacitance_uf": capacitance_uf,
            "converter.discharge_ua": 40.0,  # enough for wakes of a minute
            "flash_blocks": flash_blocks,
            "records.backlog": backlog,
            **{f"bluetooth.{key}": value for key, value in (bluetooth or {}).items()},
            **{f"intervals.{key}": value for key, value in intervals.items()},
        }
        node = scenario.node[0]
        description = varied(node.description, given)
        node = msgspec.structs.replace(node, description=description)
        scenario = msgspec.structs.replace(scenario, node=[node])
        hours = hours or 1.5 * period_s(description) / 3600
        self.air = Air(seed=1, loss=loss)
        self.central = self.air.device("central")
        pairs(self.central)
        self.simulation = Simulation(
            scenario, Broker("", 0), folder, runtime, f"{hours}h", air=self.air
        )
        (self.node,) = self.simulation.nodes
        self.address = self.node.board.bluetooth.address.hex(":").upper()
        self.configure(**{"command_key": KEY, **(configuration or {})})

    def __enter__(self) -> "Rig":
        return self

    def __exit__(self, *error: object) -> None:
        self.simulation.close()
        self.air.close()

    def configure(self, **keys: Any) -> None:
        """Change the configuration on the flash, as a flashing tool does."""
        values = {**msgspec.json.decode(self.file("/config.json")), **keys}
        values.pop("crc", None)
        install(self.node.flash, {"/config.json": msgspec.json.encode(values)})

    def file(self, path: str) -> bytes:
        """Return a file as it counts on the node: its pages may have a newer configuration."""
        flash = self.node.flash
        return configuration(flash) if path == "/config.json" else fetch(flash, path)

    def waiting(self) -> list[bytes]:
        """Return the records on the node's flash, oldest first."""
        flash = self.node.flash
        return [stored_record(flash, name).to_bytes() for name in backlog(flash)]

    def go(self, act: Callable[["Rig"], Awaitable[Any]]) -> Any:
        """Run to the end, or until `act` is done; return what it returns."""
        task = self.air.loop.create_task(act(self))  # type: ignore[arg-type]
        self.simulation.run(lambda node: None, lambda: not task.done())
        assert task.done(), self.node.console.read_text()[-2000:]
        assert self.node.dead is None
        return task.result()

    async def visit(self, mtu: int = 185) -> NodeSync:
        """Connect when the node advertises; subscribe to replies and to the log."""
        peer = Peer(await self.central.connect(self.address, timeout=None))
        if mtu > 23:
            await peer.request_mtu(mtu)
        await peer.discover_services()
        await peer.discover_characteristics()
        visit = NodeSync(peer)
        await visit.value(REPLY).subscribe(
            lambda data: visit.replies.append((*struct.unpack("<IB", data[:5]), data[5:].decode()))
        )
        await visit.value(DATA).subscribe(visit.pieces.append)
        return visit
