"""The ingest of the project as a process of its own, for its bench: see bench/ingest_plain.py.

python -m bench.ingest_ours PORT STORE RECORDS

Two more are median and 99th percentile from made (bench/ingest_load.py) to stored, in ms.
"""

import resource
import sys
import time
from pathlib import Path

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore


def main(port: int, path: Path, records: int) -> None:
    """Receive, store and acknowledge `records` records; print CPU seconds and when it was done."""
    waits_ms: list[float] = []

    def add_wait(received: ReceivedRecord | Rejected) -> None:
        assert isinstance(received, ReceivedRecord)
        made_ms = received.value("to_empty_s")
        waits_ms.append((time.time() * 1000 - (made_ms or 0)) % 10**9)

    address = parse_address(f"mqtt://127.0.0.1:{port}")
    with RecordStore(path) as store, Ingest(address, store) as ingest:
        ingest.listen(add_wait)
        if not ingest.wait_connected(10.0):
            raise SystemExit(ingest.problem)
        print("ready", flush=True)
        before_s = _cpu_s()
        while store.rows < records:
            time.sleep(0.01)
        ingest.close()
        used_s, done_s = _cpu_s() - before_s, time.time()
        waits_ms.sort()
        median_ms, centile_ms = waits_ms[records // 2], waits_ms[records * 99 // 100]
        print(used_s, done_s, median_ms, centile_ms, flush=True)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
