"""The page as `filmgauge run` and `filmgauge monitor` serve it."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from mqtt_brokers import Nats
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_host.virtual.simulated_truth import SimulatedTruth
from filmgauge_host.web.server import DEFAULT_PORT, PageServer
from filmgauge_sim.scenario.loading import scenario_of_node

NODE = 'name = "shelf-1"\nintervals = { sample_s = 60, report_every = 10 }\n'


@pytest.fixture
def described(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(NODE)
    return path


def run(described: Path, *arguments: str) -> Result:
    always = ["run", "--node", str(described), "--runtime", "cpython", "--for", "10min"]
    return CliRunner().invoke(main, [*always, *arguments])


def test_json_stays_one_object_beside_a_page(described: Path) -> None:
    ran = run(described, "--json", "--web", "--port", "0")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["nodes"][0]["node"] == "shelf-1"
    assert re.search(r"the page of this run: http://127\.0\.0\.1:\d+/\n", ran.stderr)
    assert "page" not in run(described, "--json").stderr


def test_the_usual_port_in_use_gives_another_one(described: Path) -> None:
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", DEFAULT_PORT))
            other.listen()
        except OSError:
            pass  # somebody else has it
        ran = run(described)
    assert ran.exit_code == 0, ran.output
    assert f"port {DEFAULT_PORT} is in use, so the page has another one" in ran.stderr
    (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)/", ran.stderr)
    assert int(port) != DEFAULT_PORT


def test_a_chosen_port_in_use_ends_the_run(described: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = run(described, "--port", str(port))
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"filmgauge: port {port} of 127.0.0.1 is in use: choose another one with --port\n"
    )


def test_without_a_page(described: Path) -> None:
    ran = run(described, "--no-web")
    assert (ran.exit_code, ran.stderr) == (0, "")
    refused = run(described, "--no-web", "--port", "0")
    assert refused.exit_code == 2
    assert "--port needs the page" in refused.stderr


def test_the_page_of_a_run_has_its_time_and_its_truth(described: Path, tmp_path: Path) -> None:
    pages: list[PageServer] = []
    truths: list[SimulatedTruth] = []

    def attach(ingest: Ingest, store: RecordStore, truth: SimulatedTruth) -> PageServer:
        truths.append(truth)
        pages.append(PageServer(ingest, store, port=0, truth=truth))
        return pages[0]

    options = RunOptions("cpython", duration="121min")
    folder = tmp_path / "run"
    folder.mkdir()
    with RunSession(scenario_of_node(described), options, folder, attach) as session:
        received: list[ReceivedRecord] = []
        session.run(lambda each, truth: received.append(each), lambda: True)
        beside = [truths[0].at(each) for each in received]
        with httpx.Client(base_url=pages[0].url, timeout=PATIENCE_S) as client:
            assert client.get("/api/server").json()["simulation"] is True
            answer = client.get("/api/nodes/shelf-1/series").json()
            (row,) = client.get("/api/nodes").json()
            last = client.get("/api/nodes/shelf-1/series?last_s=1800").json()
    times = answer["columns"]["time_ms"]
    steps = {round((b - a) / 60_000) for a, b in pairwise(times)}
    assert (answer["records"], steps) == (13, {10})
    assert last["records"] == 4
    assert row["time_ms"] == times[-1]
    assert row["age_s"] <= 60
    truth = answer["truth"]
    assert len(truth["time_ms"]) >= 120
    assert {len(values) for values in truth.values()} == {len(truth["time_ms"])}
    by_time = dict(zip(truth["time_ms"], truth["soc_pct"], strict=True))
    assert [each and each["soc_pct"] for each in beside] == [
        by_time[min(by_time, key=lambda true_ms: abs(true_ms - time_ms))] for time_ms in times
    ]
    for time_ms, soc_pct in zip(times, answer["columns"]["soc_pct"], strict=True):
        distance, near = min(
            (abs(true_ms - time_ms), at) for at, true_ms in enumerate(truth["time_ms"])
        )
        assert distance <= 60_000
        assert truth["soc_pct"][near] == pytest.approx(soc_pct, abs=2)


@contextmanager
def monitor(broker_url: str, folder: Path, *arguments: str) -> Iterator[tuple[str, object]]:
    """Run a monitor with a page and give its address and process."""
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "monitor", "--plain", "--web"]
    store = ["--store", str(folder / "records.sqlite"), "--broker", broker_url, "--port", "0"]
    errors = folder / "errors"
    with (
        errors.open("w") as written,
        subprocess.Popen(
            [*command, *store, *arguments], stdout=subprocess.DEVNULL, stderr=written
        ) as process,
    ):
        try:
            until(lambda: "http://" in errors.read_text() or process.poll() is not None)
            (url,) = re.findall(r"the page: (http://\S+)", errors.read_text())
            yield url, process
        finally:
            process.kill()


def test_a_monitor_serves_its_page_and_ends_with_a_stream_open(
    embedded: Nats, tmp_path: Path
) -> None:
    publisher = Publisher(embedded.url)
    with monitor(embedded.url, tmp_path) as (url, process):
        assert url.startswith("http://127.0.0.1:")
        until(lambda: httpx.get(f"{url}api/server").json()["connected"])
        publisher.records("bench", [0])
        until(lambda: httpx.get(f"{url}api/nodes").json())
        assert "<!doctype html>" in httpx.get(url).text
        with httpx.stream("GET", f"{url}api/events", timeout=PATIENCE_S) as stream:
            assert next(stream.iter_lines()) == "event: reset"
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
    publisher.close()


def test_a_monitor_bound_elsewhere_prints_a_token(embedded: Nats, tmp_path: Path) -> None:
    with monitor(embedded.url, tmp_path, "--bind", "0.0.0.0") as (url, _):
        port, token = re.fullmatch(r"http://[^:]+:(\d+)/\?token=(\S+)", url).groups()
        address = f"http://127.0.0.1:{port}/api/server"
        assert httpx.get(address).status_code == 401
        assert httpx.get(f"{address}?token={token}", follow_redirects=True).is_success
        bearer = {"Authorization": f"Bearer {token}"}
        assert httpx.get(address, headers=bearer).json()["simulation"] is False


@pytest.mark.parametrize("option", [["--port", "1"], ["--bind", "::1"]])
def test_options_of_the_page_need_it(option: list[str]) -> None:
    refused = CliRunner().invoke(main, ["monitor", *option])
    assert refused.exit_code == 2
    assert "give --web too" in refused.output
