"""Whether what a node publishes arrives, asked of a real mosquitto with an ACL file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded_broker import ACL, EVERYTHING, PASSWORDS, GuardedBroker, guarded, retained, without
from mqtt_brokers import Mosquitto, Nats, free_port
from mqtt_nodes import record
from patience import until

from filmgauge_host.errors import DataGapError, NoBrokerError
from filmgauge_host.provision.broker_files import acl_block
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.arrival import Arrival, Publisher
from filmgauge_host.telemetry.arrival_check import ArrivalCheck, publisher_of
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore


def probed(broker: GuardedBroker, monitor: str | None = "host", password: str = "") -> Arrival:
    """Probe as `provision` does."""
    publisher = Publisher("shelf-1", broker.address("shelf-1"))
    with ArrivalCheck(broker.address(monitor, password or None), publisher) as check:
        return check.of(None)


def publish(broker: GuardedBroker, payload: str) -> None:
    """Publish a record over MQTT 3.1.1, as a node does; return when it is acknowledged."""
    with BrokerLogin(broker.address("shelf-1")) as login:
        answer = login.publish("filmgauge/shelf-1/telemetry", payload.encode())
    assert answer is Answer.ACKNOWLEDGED  # whatever the ACL says


def reported(broker: GuardedBroker) -> Arrival:
    """Report a record and look for it as `flash` does."""
    publisher = Publisher("shelf-1", broker.address("shelf-1"))
    with ArrivalCheck(broker.address("host"), publisher) as check:
        publish(broker, record(7).to_json())
        return check.of(record_fields())


def record_fields() -> dict[str, object]:
    return json.loads(record(7).to_json())


def test_the_documented_acl_is_what_provision_writes() -> None:
    assert ACL.read_text().endswith(acl_block("shelf-1", "shelf-1"))


def test_everything_arrives_with_the_documented_acl(tmp_path: Path) -> None:
    with guarded(tmp_path / "broker", ACL.read_text()) as broker:
        assert "record" not in probed(broker).sentence
        assert "record 7 arrived" in reported(broker).sentence
        for arrival in (probed(broker), reported(broker)):
            arrival.check()
            assert (arrival.verdict, arrival.missing, arrival.acl) == ("arrived", (), ())
            assert arrival.arrived == EVERYTHING
            assert "comes through" in arrival.sentence
        assert retained(broker.address("host")) == {}


@pytest.mark.parametrize("leaf", EVERYTHING)
def test_a_line_that_the_node_lacks_is_named_and_mends_it(tmp_path: Path, leaf: str) -> None:
    line = f"topic write filmgauge/shelf-1/{leaf}"
    with guarded(tmp_path / "broker", without(line)) as broker:
        arrival = probed(broker)
        assert (arrival.verdict, arrival.missing) == ("dropped", (leaf,))
        assert arrival.acl == ("user shelf-1", line)
        assert all(part in arrival.sentence for part in ("drops", *arrival.acl))
        with pytest.raises(DataGapError):
            arrival.check()
        broker.allow(*arrival.acl)
        until(lambda: probed(broker).verdict == "arrived")


def test_a_record_that_the_broker_acknowledged_and_dropped(tmp_path: Path) -> None:
    line = "topic write filmgauge/shelf-1/telemetry"
    with guarded(tmp_path / "broker", without(line)) as broker:
        arrival = reported(broker)
        assert (arrival.verdict, arrival.missing) == ("dropped", ("telemetry",))
        assert arrival.acl == ("user shelf-1", line)


def test_a_record_that_arrives_though_its_stored_ones_would_not(tmp_path: Path) -> None:
    with guarded(tmp_path / "broker", without("topic write filmgauge/shelf-1/log")) as broker:
        arrival = reported(broker)
        assert (arrival.verdict, arrival.missing) == ("dropped", ("log",))
        assert "telemetry" in arrival.arrived


@pytest.mark.parametrize(
    ("allowed", "missing"),
    [
        ("", ["topic read filmgauge/#"]),
        ("topic write filmgauge/#", ["topic read filmgauge/#"]),
        (
            "topic read filmgauge/+/telemetry",
            [f"topic read filmgauge/+/{x}" for x in EVERYTHING[1:]],
        ),
    ],
)
def test_a_line_that_the_monitor_lacks_is_named_and_mends_it(
    tmp_path: Path, allowed: str, missing: list[str]
) -> None:
    acl = ACL.read_text().replace("topic readwrite filmgauge/#\n", allowed + "\n")
    with guarded(tmp_path / "broker", acl) as broker:
        arrival = probed(broker)
        assert arrival.verdict == "unreadable"
        assert arrival.acl == ("user host", *missing)
        assert "drops" not in arrival.sentence
        with pytest.raises(DataGapError):
            arrival.check()
        broker.allow(*arrival.acl)
        until(lambda: probed(broker).verdict == "arrived")


def test_lines_of_both_are_named_together(tmp_path: Path) -> None:
    acl = without("topic readwrite filmgauge/#", "topic write filmgauge/shelf-1/log")
    with guarded(tmp_path / "broker", acl) as broker:
        arrival = probed(broker)
        assert (arrival.verdict, arrival.missing) == ("dropped", EVERYTHING)
        broker.allow(*arrival.acl)
        until(lambda: probed(broker).missing == ("log",))  # what is dropped cannot be read either
        broker.allow(*probed(broker).acl)
        until(lambda: probed(broker).verdict == "arrived")


def test_a_monitor_without_a_login_has_its_lines_before_all_others(tmp_path: Path) -> None:
    acl = without("user host", "topic readwrite filmgauge/#")
    with guarded(tmp_path / "broker", acl, anonymous=True) as broker:
        arrival = probed(broker, monitor=None)
        assert (arrival.verdict, arrival.acl) == ("unreadable", ("topic read filmgauge/#",))
        broker.acl.write_text("\n".join([*arrival.acl, acl]))
        broker.reload()
        until(lambda: probed(broker, monitor=None).verdict == "arrived")


def test_a_wrong_password_of_the_monitor(tmp_path: Path) -> None:
    with guarded(tmp_path / "broker", ACL.read_text()) as broker:
        arrival = probed(broker, password="not-this-one")
        assert (arrival.verdict, arrival.arrived, arrival.missing) == ("login_refused", (), ())
        assert "host@" in arrival.sentence
        assert "of the monitor" in arrival.sentence
        assert "not-this-one" not in arrival.sentence
        with pytest.raises(NoBrokerError):
            arrival.check()


def test_a_node_that_the_broker_does_not_know_yet(tmp_path: Path) -> None:
    with guarded(tmp_path / "broker", ACL.read_text()) as broker:
        publisher = Publisher("shelf-1", broker.address("shelf-1", "newer-secret"))
        with ArrivalCheck(broker.address("host"), publisher) as check:
            arrival = check.of(None)
    assert arrival.verdict == "login_refused"
    assert "of shelf-1" in arrival.sentence
    assert "SIGHUP" in arrival.sentence
    assert "newer-secret" not in arrival.sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "." * 3])
def test_a_broker_that_cannot_be_reached(host: str) -> None:
    nowhere = BrokerAddress(host, free_port(), user="host", password=PASSWORDS["host"])
    with ArrivalCheck(nowhere, Publisher("shelf-1", nowhere)) as check:
        assert check.problem is not None
        arrival = check.of(record_fields())
    assert arrival.verdict == "unreachable"
    assert host in arrival.sentence
    assert PASSWORDS["host"] not in repr(arrival)
    with pytest.raises(NoBrokerError):
        arrival.check()


def test_a_broker_that_is_back_in_time_is_probed(tmp_path: Path) -> None:
    broker = GuardedBroker(tmp_path / "broker", ACL.read_text())
    with ArrivalCheck(
        broker.address("host"), Publisher("shelf-1", broker.address("shelf-1"))
    ) as check:
        assert check.problem is not None
        broker.start()
        try:
            arrival = check.of(record_fields())
            assert (arrival.verdict, arrival.arrived) == ("arrived", EVERYTHING)
            assert "record" not in arrival.sentence  # which nobody saw
        finally:
            broker.stop()


def test_a_node_whose_broker_has_another_name_here(tmp_path: Path) -> None:
    """Its record is proof enough of what it publishes live."""
    with guarded(tmp_path / "broker", ACL.read_text()) as broker:
        unknown = Publisher("shelf-1", BrokerAddress("no-such-host.invalid", 1883))
        with ArrivalCheck(broker.address("host"), unknown) as check:
            publish(broker, record(7).to_json())
            arrival = check.of(record_fields())
        assert (arrival.verdict, arrival.arrived) == ("arrived", ("telemetry",))
        assert "log, status and info could not be tried" in arrival.sentence


@pytest.mark.parametrize("lacks", [[], ["topic write filmgauge/shelf-1/telemetry"]])
def test_without_the_nodes_login_its_record_is_all_there_is(
    tmp_path: Path, lacks: list[str]
) -> None:
    with (
        guarded(tmp_path / "broker", without(*lacks)) as broker,
        ArrivalCheck(broker.address("host"), None) as check,
    ):
        publish(broker, record(6).to_json())  # of another wake
        publish(broker, record(7).to_json())
        arrival = check.of(record_fields())
    if lacks:
        assert (arrival.verdict, arrival.missing) == ("undelivered", ("telemetry",))
        assert "`topic write filmgauge/NODE/telemetry` below `user NODE`" in arrival.sentence
        assert "`topic read filmgauge/+/telemetry` below `user host`" in arrival.sentence
    else:
        assert (arrival.verdict, arrival.arrived) == ("arrived", ("telemetry",))


def test_a_broker_that_ends_the_connection_of_whom_it_denies(tmp_path: Path) -> None:
    line = "topic write filmgauge/shelf-1/log"
    with guarded(tmp_path / "broker", without(line), more="max_queued_messages 0") as broker:
        assert probed(broker).acl == ("user shelf-1", line)


@pytest.fixture(params=["mosquitto", "embedded"])
def open_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mosquitto | Nats]:
    """One without logins; the embedded one knows MQTT 3.1.1 only."""
    folder = tmp_path / "open"
    folder.mkdir()
    made = Nats(directory=folder) if request.param == "embedded" else Mosquitto(folder)
    made.start()
    yield made
    made.stop()


def test_a_broker_without_logins(open_broker: Mosquitto | Nats) -> None:
    address = parse_address(open_broker.url)
    with ArrivalCheck(address, Publisher("shelf-1", address)) as check:
        arrival = check.of(None)
    assert (arrival.verdict, arrival.arrived) == ("arrived", EVERYTHING)


def test_another_monitor_counts_the_record_once_and_no_probe(tmp_path: Path) -> None:
    with (
        guarded(tmp_path / "broker", ACL.read_text()) as broker,
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(broker.address("host"), store) as ingest,
    ):
        assert ingest.wait_connected(30)
        assert reported(broker).verdict == "arrived"
        assert probed(broker).verdict == "arrived"
        publish(broker, record(8).to_json())  # comes after all of that
        until(lambda: store.count("shelf-1") == 2)
        until(lambda: ingest.nodes() and ingest.nodes()["shelf-1"].statistics.received == 2)
        counts = ingest.nodes()["shelf-1"].statistics
        assert (counts.received, counts.duplicated, counts.malformed) == (2, 0, 0)
        assert ingest.rejected() == []
        assert ingest.nodes()["shelf-1"].info == {}


def test_the_login_of_a_configuration() -> None:
    pins = {"pin_scl": 1, "pin_sda": 2, "pin_gate": 3}
    given = {"node": "shelf-1", "mqtt_host": "broker.lan", "mqtt_user": "u"}
    publisher = publisher_of({**pins, **given})
    assert publisher == Publisher("shelf-1", BrokerAddress("broker.lan", 1883, user="u"))
