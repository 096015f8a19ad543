"""Nodes that are gone stay gone: removed ones, revoked ones, and names that are no node's."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from cut_line import CutLine
from guarded_broker import guarded
from mqtt_brokers import Broker
from mqtt_nodes import Publisher, record
from patience import until

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant.announcer import Announcer
from filmgauge_host.telemetry.homeassistant.discovery import (
    TOPICS,
    AnnouncedNode,
    discovery_payload,
    discovery_topic,
    node_of,
)
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore

STATUS = '{"state":"sleeping","next_report_s":600}'
STATES = [("status", STATUS), ("info", '{"firmware":"1"}'), ("last", record(3).to_json())]


class Monitors:
    """Monitors that announce to Home Assistant, each with a store of its own."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.refusals: list[str | None] = []
        self.revoked: frozenset[str] = frozenset()
        self._url, self._folder, self._stack = url, folder, stack

    def start(self) -> Ingest:
        number = len(list(self._folder.iterdir()))
        store = self._stack.enter_context(RecordStore(self._folder / f"{number}.sqlite"))
        ingest = Ingest(parse_address(self._url), store, lambda: self.revoked)
        ingest.listen(lambda event: self.refusals.append(event.node))
        self._stack.enter_context(ingest)
        self._stack.enter_context(Announcer(ingest))
        return ingest


@pytest.fixture
def monitors(broker: Broker, tmp_path: Path) -> Iterator[Monitors]:
    (tmp_path / "stores").mkdir()
    with ExitStack() as stack:
        yield Monitors(broker.url, tmp_path / "stores", stack)


@pytest.fixture
def announced(broker: Broker) -> Iterator[Callable[[], set[str | None]]]:
    """The names of which the broker retains an announcement."""
    with BrokerLogin(parse_address(broker.url)) as login:
        yield lambda: {node_of(*each) for each in login.read_retained([TOPICS]).items()}


def states(node: str) -> list[tuple[str, str | bytes]]:
    return [(f"filmgauge/{node}/{leaf}", payload) for leaf, payload in STATES]


@contextmanager
def monitoring(url: str, store: RecordStore) -> Iterator[Ingest]:
    with Ingest(parse_address(url), store) as ingest, Announcer(ingest):
        yield ingest


def remove(broker: Broker, *words: str) -> None:
    ran = CliRunner().invoke(main, ["homeassistant", "remove", *words, "--broker", broker.url])
    assert ran.exit_code == 0, ran.output


def test_what_is_removed_comes_back_with_its_next_report_alone(
    broker: Broker, publisher: Publisher, monitors: Monitors, announced: Callable[[], set[str]]
) -> None:
    publisher.send(states("wall-1"), retain=True)
    monitors.start()
    until(lambda: announced() == {"wall-1"})
    remove(broker, "wall-1")
    publisher.send(states("later"), retain=True)
    until(lambda: "later" in announced())  # every monitor has gone through its nodes since
    monitors.start()
    publisher.send(states("latest"), retain=True)
    until(lambda: "latest" in announced())
    assert announced() == {"later", "latest"}
    with BrokerLogin(parse_address(broker.url)) as login:
        assert login.read_retained(["filmgauge/wall-1/+"]) == {}
    publisher.records("wall-1", [4])
    until(lambda: "wall-1" in announced())


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_is_removed_while_a_monitor_is_away_stays_removed(
    broker: Broker,
    publisher: Publisher,
    tmp_path: Path,
    announced: Callable[[], set[str]],
    is_restarted: bool,
) -> None:
    """Nor does a record bring it back that has waited for the monitor since before."""
    publisher.send([*states("wall-1"), *states("wall-2")], retain=True)
    with (
        closing(CutLine(broker)) as line,
        RecordStore(tmp_path / "records.sqlite") as store,
        ExitStack() as stack,
    ):
        with ExitStack() as first:
            ingest = first.enter_context(monitoring(line.url, store))
            until(lambda: announced() == {"wall-1", "wall-2"})
            if not is_restarted:
                stack.push(first.pop_all())
        line.cut()
        until(lambda: not ingest.connected)
        publisher.records("wall-1", [4])
        remove(broker, "wall-1")
        line.mend()
        if is_restarted:
            stack.enter_context(monitoring(line.url, store))
        until(lambda: store.count("wall-1"))
        publisher.send(states("later"), retain=True)
        until(lambda: "later" in announced())
        assert announced() == {"wall-2", "later"}
        publisher.send([("filmgauge/wall-1/status", STATUS)], retain=True)
        until(lambda: "wall-1" in announced())


def test_what_went_into_a_dead_line_brings_back_no_node_that_is_removed(
    broker: Broker, publisher: Publisher, tmp_path: Path, announced: Callable[[], set[str]]
) -> None:
    publisher.send(states("wall-1"), retain=True)
    with (
        closing(CutLine(broker)) as line,
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(parse_address(line.url), store) as ingest,
        Announcer(ingest) as announcer,
    ):
        until(lambda: announced() == {"wall-1"})
        line.mute()
        publisher.send([("filmgauge/wall-1/info", '{"firmware":"2"}')], retain=True)
        until(lambda: announcer._sent)
        line.cut()
        until(lambda: not ingest.connected)
        remove(broker, "wall-1")
        line.mend()
        for later in ("later", "last"):  # the first is announced over a connection of its own
            publisher.send(states(later), retain=True)
            until(lambda name=later: name in announced())
        assert announced() == {"later", "last"}


def test_the_state_of_a_node_that_goes_on_can_be_kept(
    broker: Broker, publisher: Publisher, announced: Callable[[], set[str]]
) -> None:
    publisher.send(states("wall-1"), retain=True)
    publisher.send(
        [(discovery_topic("wall-1"), discovery_payload(AnnouncedNode("wall-1")))], retain=True
    )
    remove(broker, "wall-1", "--keep-state")
    assert announced() == set()
    with BrokerLogin(parse_address(broker.url)) as login:
        assert len(login.read_retained(["filmgauge/wall-1/+"])) == len(STATES)


def test_a_state_that_cannot_be_cleared_is_named(tmp_path: Path) -> None:
    acl = f"user host\ntopic readwrite #\nuser shelf-1\ntopic read #\ntopic readwrite {TOPICS}\n"
    with guarded(tmp_path / "broker", acl) as broker:
        with BrokerLogin(broker.address("host")) as login:
            for topic, payload in states("wall-1"):
                login.publish(topic, str(payload).encode(), retain=True)
        words = ["homeassistant", "remove", "wall-1", "--broker", broker.login("shelf-1")]
        ran = CliRunner().invoke(main, words)
        assert ran.exit_code == 1
        assert "clear filmgauge/wall-1/status" in ran.output
        assert "'topic readwrite filmgauge/#'" in ran.output


def test_a_revoked_node_and_one_that_sent_nothing_usable_are_not_announced(
    publisher: Publisher, monitors: Monitors, announced: Callable[[], set[str]]
) -> None:
    old = discovery_payload(AnnouncedNode("thief"))
    publisher.send([*states("thief"), (discovery_topic("thief"), old)], retain=True)
    publisher.send(states("other"), retain=True)
    monitors.revoked = frozenset({"thief"})
    ingest = monitors.start()
    until(lambda: ingest.connected)
    publisher.send([("filmgauge/only-in-a/telemetry", "x")])
    until(lambda: announced() == {"other"})
    assert monitors.refusals == ["only-in-a"]  # what is retained of the thief is no news
    publisher.records("thief", [4])
    until(lambda: monitors.refusals == ["only-in-a", "thief"])
    monitors.revoked = frozenset({"other"})
    until(lambda: announced() == set())
    monitors.revoked = frozenset()
    publisher.send([("filmgauge/other/status", STATUS)], retain=True)
    until(lambda: announced() == {"other"})
