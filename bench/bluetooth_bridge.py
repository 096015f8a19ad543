"""From an advertisement to MQTT: latency in real time, and a day of eight nodes on a lossy air."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.bluetooth_campaign import NODES, campaign, nodes_scenario
from bench.figures import Figure
from filmgauge_host.ble.bridge import Bridge
from filmgauge_host.ble.node_registry import KnownNodes
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker import EmbeddedBroker
from filmgauge_host.virtual.bluetooth import virtual_radio
from filmgauge_sim.air.air import Air
from filmgauge_sim.nodes.virtual_node import Broker
from filmgauge_sim.scenario.simulation import Simulation

_LATENCY_REPORT_S = 10
_SNIFFER = "F0:F1:F2:F3:F4:F6"


def report() -> Iterator[Figure]:
    """Yield the latency and the campaign."""
    for nodes in (1, NODES):
        found = sorted(latencies(nodes, minutes=3 if nodes == 1 else 1.5))
        centile = found[min(len(found) - 1, round(0.99 * len(found)))]
        yield Figure(
            f"advertisement to MQTT in real time, {nodes} node(s) at once, {len(found)} records",
            f"median {statistics.median(found):.2f} s, 99th percentile {centile:.2f} s",
        )
    day = campaign("1d", loss=0.3)
    yield Figure(
        f"{NODES} nodes, a virtual day, 30 % loss: {day.made} records made",
        f"{day.received} received, {day.waiting} waiting on their nodes, {day.lost} lost,"
        f" {day.duplicated} duplicated; {day.failed_visits} connections failed;"
        f" {day.wall_s:.0f} s",
        "0 lost, 0 duplicated",
    )


def latencies(nodes: int, minutes: float) -> list[float]:
    """Return, in s, how long each record took from its first advertisement to a subscriber."""
    said: dict[tuple[str, int, int], float] = {}
    came: dict[tuple[str, int, int], float] = {}

    def arrived(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        table = msgspec.json.decode(message.payload)
        key = (message.topic.split("/")[1], table["boot"], table["seq"])
        came.setdefault(key, time.monotonic())

    scenario = nodes_scenario(nodes, _LATENCY_REPORT_S, f"{minutes}min")
    with tempfile.TemporaryDirectory() as name, EmbeddedBroker() as broker:
        folder, address, air = Path(name), parse_address(broker.url), Air(1)
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_message = arrived
        client.connect(address.host, address.port)
        client.subscribe("filmgauge/+/telemetry", 1)
        client.loop_start()
        sniffer = air.scanner(address=_SNIFFER)

        def look() -> bool:
            for heard in sniffer.drain():
                at = heard.data.find(b"\xff\xff\xff\x01")
                if heard.is_response and at >= 0:
                    number = int.from_bytes(heard.data[at + 4 : at + 8], "little")
                    seq = int.from_bytes(heard.data[at + 8 : at + 12], "little")
                    node = heard.data[2 : 1 + heard.data[0]].decode()
                    said.setdefault((node, number, seq), time.monotonic())
            return True

        with Bridge(virtual_radio(air), address, folder / "spool", KnownNodes([])) as bridge:
            task = air.loop.create_task(bridge.gateway.run())
            simulation = Simulation(
                scenario, Broker("127.0.0.1", 1), folder, "cpython", None, 1.0, air
            )
            try:
                simulation.run(lambda _node: None, look)
            finally:
                task.cancel()
                air.run_to(round(air.loop.time() * 1e6) + 1_000_000)
                simulation.close()
        client.disconnect()
        client.loop_stop()
        air.close()
    return [came[key] - said[key] for key in said if key in came]
