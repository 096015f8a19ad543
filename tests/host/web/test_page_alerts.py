"""The page's interface shows the alerts of an engine, and says when they change."""

import json

import httpx
from alert_bed import AlertBed, good
from patience import PATIENCE_S

from filmgauge.record import FAULT_SENSOR
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.web.server import PageServer


def test_alerts_are_listed_and_sent(tmp_path):
    with AlertBed(tmp_path / "records.sqlite") as bed:
        ingest = Ingest(parse_address("mqtt://127.0.0.1:9"), bed.store)  # which does not begin
        with (
            PageServer(ingest, bed.store, bed.engine, port=0) as page,
            httpx.Client(base_url=page.url, timeout=PATIENCE_S) as client,
            client.stream("GET", "/api/events") as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines) is not None
            bed.report(good(0))
            bed.report(good(1, faults=FAULT_SENSOR))
            sent = next(line for line in lines if line.startswith("data:") and "raised" in line)
            event = json.loads(sent.removeprefix("data:"))
            assert (event["node"], event["rule"], event["subject"]) == (
                "bench",
                "faults",
                "sensor",
            )
            (listed,) = client.get("/api/alerts").json()
            assert (listed["text"], listed["state"]) == ("it reports the fault sensor", "active")
            for seq in (2, 3, 4):
                bed.report(good(seq))
            assert client.get("/api/alerts").json() == []
