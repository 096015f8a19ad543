"""How long a scrape of many nodes takes."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from filmgauge.record.record import Record
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Scalar, Status
from filmgauge_host.telemetry.metrics import metrics_text
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore

_NODES = 1000
_SCRAPES = 20


class _Nodes(Ingest):
    """An ingest that has received a record of every field from each of many nodes."""

    def nodes(self) -> dict[str, NodeSnapshot]:
        return self.many

    def receive(self, count: int) -> None:
        names = [f"node-{number}" for number in range(count)]
        self.many = {name: _snapshot(name) for name in names}


def report() -> Iterator[Figure]:
    """Yield the time of a scrape and its size."""
    with tempfile.TemporaryDirectory() as folder, RecordStore(Path(folder) / "r.sqlite") as store:
        ingest = _Nodes(BrokerAddress("127.0.0.1", 1883), store)
        ingest.receive(_NODES)
        taken_s: list[float] = []
        text = b""
        for _ in range(_SCRAPES):
            began_s = time.process_time()
            text = metrics_text(ingest, ingest.nodes(), None)
            taken_s.append(time.process_time() - began_s)
    yield Figure(
        f"scrape of {_NODES} nodes, every field known, median of {_SCRAPES}",
        f"{statistics.median(taken_s):.3f} s of processor time, {len(text) / 1e6:.1f} MB",
        "0.2 s",
    )


def _snapshot(name: str) -> NodeSnapshot:
    record = Record(
        boot=3, seq=1000, up_s=86_400, soc_ppm=812_345, soc_sigma_ppm=4_000, stored_nah=203_100,
        full_nah=250_000, measured_nah=-1_200, booked_nah=-300, corrected_nah=10,
        voltage_uv=2_104_123, current_pa=-1_234_567, temperature_cdeg=2_153, faults=0,
        awake_ms=412, backlog=0, shown_ppm=812_000, full_sigma_nah=2_000, available_nah=180_250,
        available_sigma_nah=1_500, available_full_nah=230_000, to_empty_s=5_400_000,
        to_full_s=400_000, resistance_mohm=812_345, efficiency_ppm=998_765, mcycles=12_345,
        limits=0, trend_ppm=-120, cycles_left=4_321, resets=0, refused=0, restarts=0,
    )  # fmt: skip
    received = ReceivedRecord(name, record, time.time_ns() // 1_000_000)
    status = Status(name, "sleeping", 7200.0, received.received_unix_ms)
    info: dict[str, Scalar] = {"firmware": "0.1.0", "board": "esp32-c3", "cell": "lis-film"}
    return NodeSnapshot(name, received, time.monotonic(), status, info)
