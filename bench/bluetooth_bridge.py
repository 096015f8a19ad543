"""From an advertisement to MQTT: latency in real time, and a day of eight nodes on a lossy air."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
from bumble.core import AdvertisingData

from bench.figures import Figure
from filmgauge.store.record_search import record_position
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.mqtt_client import make_client
from filmgauge_host.telemetry.received_record import RecordKey
from filmgauge_host.virtual.run_result import NodeResult
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.air.air import Scanner
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import BluetoothSection, CellSection, IntervalsSection
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode

NODES = 8
_LATENCY_REPORT_S = 10
_COMPANY_SIZE = 2  # of manufacturer data, before what the node says
_SNIFFER = "F0:F1:F2:F3:F4:F6"


@dataclass(frozen=True)
class Campaign:
    """What became of the records of all nodes. failed: connections. wall_s: real time."""

    nodes: list[NodeResult]
    failed: int
    wall_s: float

    def total(self, field: str) -> int:
        """Return a count of records, summed over the nodes."""
        return sum(getattr(node, field) for node in self.nodes)


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
    waiting = day.total("waiting")
    yield Figure(
        f"{NODES} nodes, a virtual day, 30 % loss: {day.total('sent') + waiting} records made",
        f"{day.total('received')} received, {waiting} waiting on their nodes,"
        f" {day.total('lost')} lost, {day.total('duplicated')} duplicated;"
        f" {day.failed} connections failed; {day.wall_s:.0f} s",
        "0 lost, 0 duplicated",
    )


def campaign(duration: str, loss: float, report_s: int = 600) -> Campaign:
    """Run eight nodes with the real firmware and a bridge to a real broker."""
    options = RunOptions("cpython", duration=duration, loss=loss)
    with (
        tempfile.TemporaryDirectory() as folder,
        RunSession(_scenario(NODES, report_s), options, Path(folder)) as session,
    ):
        session.run(lambda _received, _truth: None, lambda: True)
        assert session.bridged is not None
        failed = session.bridged.bridge.gateway.counts.failed
        return Campaign(session.results(), failed, session.wall_s)


def latencies(nodes: int, minutes: float, speed: float = 1.0) -> list[float]:
    """Return, in s, how long each record took from its first advertisement to a subscriber.

    speed: how much faster than real time the nodes live.
    """
    advertised: dict[tuple[str, *RecordKey], float] = {}
    arrived: dict[tuple[str, *RecordKey], float] = {}

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        table = msgspec.json.decode(message.payload)
        key = (message.topic.split("/")[1], table["life"], table["boot"], table["seq"])
        arrived.setdefault(key, time.monotonic())

    options = RunOptions("cpython", duration=f"{minutes}min", speed=speed)
    with (
        tempfile.TemporaryDirectory() as folder,
        RunSession(_scenario(nodes, _LATENCY_REPORT_S), options, Path(folder)) as session,
    ):
        address = parse_address(session.broker_url)
        client = make_client(address, "")
        client.on_message = on_message
        client.connect(address.host, address.port)
        client.subscribe("filmgauge/+/telemetry", 1)
        client.loop_start()
        assert session.bridged is not None
        sniffer = session.bridged.air.scanner(address=_SNIFFER)

        def on_idle() -> bool:
            for key in _announced(sniffer):
                advertised.setdefault(key, time.monotonic())
            return True

        session.run(lambda _received, _truth: None, on_idle)
        client.disconnect()
        client.loop_stop()
    return [arrived[key] - advertised[key] for key in advertised if key in arrived]


def _scenario(count: int, report_s: int) -> Scenario:
    """Return nodes that report every so many seconds, all at the same moment."""
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
    return Scenario(name="bench", seed=1, node=nodes)


def _announced(sniffer: Scanner) -> Iterator[tuple[str, *RecordKey]]:
    """Yield node and key of the record of each scan response since the last call."""
    for event in sniffer.drain():
        said = AdvertisingData.from_bytes(event.data)
        name = said.get(AdvertisingData.COMPLETE_LOCAL_NAME, raw=True)
        maker = said.get(AdvertisingData.MANUFACTURER_SPECIFIC_DATA, raw=True)
        if event.is_response and isinstance(name, bytes) and isinstance(maker, bytes):
            yield name.decode(), *record_position(maker[_COMPANY_SIZE:])
