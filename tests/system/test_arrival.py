"""`filmgauge flash --broker` on a virtual board: the broker acknowledges each first record."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flashed_board import flashed_board, kept, wanted
from guarded_broker import PASSWORDS, GuardedBroker, guarded, retained, without
from mqtt_brokers import free_port
from patience import PATIENCE_S, until

from filmgauge.decoding.record_json import record_from_json
from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

DESCRIPTION = """
name = "shelf-1"
board = "esp32-c3"
[cell]
set = "evp-li"
area_cm2 = 1.0
[intervals]
sample_s = 60
[wifi]
ssid = "virtual"
[broker]
host = "127.0.0.1"
port = {port}
"""
WRITE = "topic write filmgauge/shelf-1/telemetry"
READ = "topic readwrite filmgauge/#"


class Bench:
    """A board, the folder of its node, and the broker that the node reports to."""

    def __init__(self, folder: Path, broker: GuardedBroker) -> None:
        self.broker = broker
        self.folder = folder
        (folder / "node.toml").write_text(DESCRIPTION.format(port=broker.url.rpartition(":")[2]))
        ran = self.filmgauge(
            "provision", "--from", folder / "node.toml", "--out", folder / "nodes"
        )
        assert ran.exit_code == 0, ran.output

    def filmgauge(self, *arguments: object) -> Result:
        """Run a command; it prints no password."""
        env = {
            "FILMGAUGE_NODE_WIFI_PASSWORD": "",
            "FILMGAUGE_NODE_MQTT_PASSWORD": PASSWORDS["shelf-1"],
        }
        ran = CliRunner(env=env).invoke(main, [str(argument) for argument in arguments])
        assert not any(secret in ran.output for secret in PASSWORDS.values())
        return ran

    def flash(self, *arguments: object) -> Result:
        port = ("--port", self.folder / "port", "--timeout", PATIENCE_S)
        return self.filmgauge("flash", *port, "--node", self.folder / "nodes/shelf-1", *arguments)

    def checked(self, url: str) -> tuple[int, str, Result]:
        """Flash; return exit code and verdict. The board is flashed whatever is found out."""
        ran = self.flash("--broker", url, "--json")
        found = json.loads(ran.stdout)
        assert found["record"]["faults"] == "none"
        return ran.exit_code, found["arrival"]["verdict"], ran


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A bench whose broker has the documented ACL without the lines of the parameter; its board
    has the firmware and knows nothing of a node."""
    lacking = getattr(request, "param", ())
    with (
        guarded(tmp_path / "broker", without(*lacking)) as broker,
        flashed_board("esp32-c3", tmp_path, kept(wanted("esp32-c3", broker.url))),
    ):
        yield Bench(tmp_path, broker)


def test_a_record_that_arrives_is_counted_once(bench: Bench, tmp_path: Path) -> None:
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(bench.broker.address("host"), store) as ingest,
    ):
        assert ingest.wait_connected(PATIENCE_S)
        ran = bench.flash("--broker", bench.broker.login("host"))
        assert ran.exit_code == 0, ran.output
        assert "record 0 arrived, and what shelf-1 publishes comes through" in ran.stdout
        until(lambda: "shelf-1" in ingest.nodes() and ingest.nodes()["shelf-1"].latest)
        counts = ingest.nodes()["shelf-1"].statistics
        assert (counts.duplicated, counts.conflicting, counts.malformed) == (0, 0, 0)
        assert ingest.rejected() == []
        latest = ingest.nodes()["shelf-1"].latest
    last = "filmgauge/shelf-1/last"
    node = {last, *(f"filmgauge/shelf-1/{leaf}" for leaf in ("status", "info"))}

    def kept() -> dict[str, bytes]:
        return retained(bench.broker.address("host"))

    until(lambda: set(kept()) == node)  # the node's own, as ever
    assert record_from_json(kept()[last]) == latest.record


@pytest.mark.parametrize("bench", [(WRITE,)], indirect=True)
def test_a_record_that_the_acl_drops(bench: Bench) -> None:
    code, verdict, ran = bench.checked(bench.broker.login("host"))
    assert (code, verdict) == (4, "dropped")
    assert f"`{WRITE}` below `user shelf-1`" in ran.stderr
    bench.broker.allow("user shelf-1", WRITE)
    until(lambda: bench.checked(bench.broker.login("host"))[:2] == (0, "arrived"))


@pytest.mark.parametrize("bench", [(READ,)], indirect=True)
def test_a_record_that_the_monitor_may_not_read(bench: Bench) -> None:
    code, verdict, ran = bench.checked(bench.broker.login("host"))
    assert (code, verdict) == (4, "unreadable")
    assert "`topic read filmgauge/#` below `user host`" in ran.stderr


def test_a_monitor_that_does_not_come_in(bench: Bench) -> None:
    refused = bench.checked(bench.broker.login("host", "mistaken"))
    assert refused[:2] == (3, "login_refused")
    assert "mistaken" not in refused[2].output
    assert bench.checked(f"mqtt://127.0.0.1:{free_port()}")[:2] == (3, "unreachable")
    ran = bench.flash()
    assert (ran.exit_code, "was not checked" in ran.stdout) == (0, True)


def test_a_broker_that_is_away_is_said_beside_the_record_that_does_not_come(bench: Bench) -> None:
    bench.broker.stop()
    ran = bench.flash("--broker", bench.broker.login("host"))
    assert ran.exit_code == 1
    assert "cannot be reached" in ran.stderr
    assert "did not report, and the board went back to the one before" in ran.stderr


def test_the_board_keeps_its_configuration_and_the_record_is_all_there_is(bench: Bench) -> None:
    assert bench.flash().exit_code == 0
    port = ("--port", bench.folder / "port", "--board", "esp32-c3", "--json")
    ran = bench.filmgauge("flash", *port, "--broker", bench.broker.login("host"))
    arrival = json.loads(ran.stdout)["arrival"]
    assert (arrival["verdict"], arrival["arrived"]) == ("arrived", ["telemetry"])
