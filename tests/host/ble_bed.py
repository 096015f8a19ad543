"""A bridge between the virtual air and a real broker, and what arrives behind the broker."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ble_nodes import BleNode
from paho.mqtt.enums import MQTTErrorCode
from patience import PATIENCE_S, until

from filmgauge.record.record import Record
from filmgauge.uplink.mqtt.topics import LOG, TELEMETRY
from filmgauge_host.ble import gateway, mqtt_forwarder
from filmgauge_host.ble.gateway import GatewayOptions
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.virtual.adapter import VirtualAdapter
from filmgauge_host.virtual.simulated_radio import virtual_radio
from filmgauge_sim.air.air import Air

_RECORDS = tuple(f"/{leaf}".encode() for leaf in (TELEMETRY, LOG))


def address(number: int) -> str:
    return f"C1:00:00:00:00:{number:02X}"


class UsbAdapter(VirtualAdapter):
    """An adapter that can be pulled out."""

    async def pull_out(self) -> None:
        """Be gone as an adapter is that is unplugged: connections end and scans hear nothing."""
        self.present = False
        await self.device.stop_scanning(legacy=True)
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def plug_in(self) -> None:
        """Be there again."""
        self.present = True
        if self._scanners:
            await self.device.start_scanning(legacy=True, active=self._active)


class Field:
    """Nodes on an air, and an adapter that hears them."""

    def __init__(
        self,
        nodes: int = 1,
        seed: int = 1,
        loss: float = 0.0,
        silence_s: float = 300.0,
        tells_mtu: bool = True,
        **node: Any,
    ) -> None:
        self.air = Air(seed, loss)
        self.nodes = [
            BleNode(self.air, f"node-{number}", address(number), **node)
            for number in range(1, nodes + 1)
        ]
        self.adapter = UsbAdapter(self.air.device("host"), tells_mtu)
        self.radio = replace(virtual_radio(self.adapter), silence_s=silence_s)
        self.published: Counter[tuple[bytes, bytes]] = Counter()  # packets of all bridges
        self.bridges: list[Bridge] = []  # that run
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def node(self) -> BleNode:
        return self.nodes[0]

    def live(self, node: BleNode, reports: int, every_s: float, advertise_s: float = 5.0) -> None:
        """Let a node make and advertise so many reports, from now on."""

        async def life() -> None:
            for _ in range(reports):
                node.make()
                await node.advertise(advertise_s)
                await asyncio.sleep(every_s - advertise_s)

        self._tasks.append(self.air.loop.create_task(life()))

    def start(self, work: Any) -> asyncio.Task[Any]:
        self._tasks.append(self.air.loop.create_task(work))
        return self._tasks[-1]

    def run(self, work: Any) -> Any:
        return self.air.loop.complete(work)

    def pass_s(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.air.run_to(round((self.air.loop.time() + seconds) * 1e6))

    def published_twice(self) -> int:
        """Return how often a bridge sent a record that one had sent before.

        They are counted where they leave: a broker that was killed delivers again what it has not
        written down as delivered and acknowledged, though it was published once.
        """
        return sum(count - 1 for count in self.published.values())

    def close(self) -> None:
        """End what still runs, also after a test that has failed in the middle."""
        for bridge in list(self.bridges):
            bridge.stop()
        for task in self._tasks:
            task.cancel()
        self.pass_s(1.0)
        self.air.close()


class Bridge(gateway.Bridge):
    """A bridge that runs; `stop` and make another one to restart it."""

    def __init__(
        self,
        field: Field,
        url: str,
        folder: Path,
        nodes: list[RegisteredNode] | None = None,
        **options: Any,
    ) -> None:
        self.field = field
        self.lines: list[str] = []
        super().__init__(
            field.radio,
            parse_address(url),
            folder / "spool.sqlite",
            NodeRegistry(nodes or []),
            GatewayOptions(**options),
            self.lines.append,
        )
        self._count_published()
        self.__enter__()
        field.bridges.append(self)
        self.task = field.start(self.gateway.run())
        field.air.loop.run_ready()

    def stop(self) -> None:
        """End it as SIGTERM does: in the middle of whatever it does."""
        self.field.bridges.remove(self)
        self.task.cancel()
        self.field.pass_s(1.0)
        assert self.task.done()
        # A broker on a busy machine may acknowledge later than a bridge waits for it: what it has
        # not acknowledged is rightly sent again, and would count as published twice.
        with patch.object(mqtt_forwarder, "_LAST_S", PATIENCE_S):
            self.__exit__()

    def _count_published(self) -> None:
        client = self.forwarder._client
        send = client._send_publish

        def send_publish(*packet: Any, **more: Any) -> MQTTErrorCode:
            sent = send(*packet, **more)
            _, name, payload, *_ = packet
            if name.endswith(_RECORDS) and sent == MQTTErrorCode.MQTT_ERR_SUCCESS:
                self.field.published[name, payload] += 1
            return sent

        client._send_publish = send_publish


class Receiver:
    """The host's own ingest behind the broker."""

    def __init__(self, folder: Path, url: str) -> None:
        self.store = RecordStore(folder / "records.sqlite")
        self.ingest = Ingest(parse_address(url), self.store)
        self.ingest.start()
        assert self.ingest.wait_connected(PATIENCE_S)

    def records(self, name: str, count: int) -> list[Record]:
        """Return the records of a node by (boot, seq) once there are `count`."""
        until(lambda: self.store.count(name) >= count)
        until(lambda: name in self.ingest.nodes())
        return [received.record for received in self.store.records(name)]

    def close(self) -> None:
        self.ingest.close()
        self.store.close()
