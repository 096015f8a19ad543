"""A broker that dies, comes back, or stops without a word."""

import os
import signal
import threading
import time

import pytest
from mqtt_brokers import Broker
from patience import PATIENCE_S, until
from reporting_node import backlog, scenario_text, wake

from filmgauge.config import Config
from filmgauge_sim.nodes.configuration import Broker as Anywhere
from filmgauge_sim.nodes.configuration import firmware_configuration
from filmgauge_sim.nodes.virtual_node import VirtualNode

EVERY_WAKE = scenario_text(intervals="report_every = 1\njournal_every = 10")


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(broker: Broker, node_on, receiver):
    host = receiver(broker)
    node = node_on(broker, EVERY_WAKE)
    wake(node, 20)
    host.records("rig", 20)
    broker.kill()
    wake(node, 12)
    assert len(backlog(node)) == 12
    broker.start()
    until(lambda: host.ingest.connected)
    wake(node, 8)
    assert backlog(node) == []
    records = host.records("rig", 40)
    assert [(record.boot, record.seq) for record in records] == [(1, seq) for seq in range(40)]


def test_kills_at_any_moment_lose_nothing(embedded: Broker, node_on, receiver):
    host = receiver(embedded)
    node: VirtualNode = node_on(embedded, EVERY_WAKE)
    stop = threading.Event()

    def report() -> None:
        while not stop.wait(0.05):
            wake(node, 1)

    # The node reports from a thread while the broker comes and goes here: brokers end with the
    # thread that starts them.
    reporter = threading.Thread(target=report)
    reporter.start()
    try:
        for pause_s in (0.31, 0.17, 0.43):
            time.sleep(pause_s)
            embedded.kill()
            time.sleep(0.1)
            embedded.start()
    finally:
        stop.set()
        reporter.join(PATIENCE_S)
    assert not reporter.is_alive()
    until(lambda: host.ingest.connected)
    while backlog(node):
        wake(node, 1)
    made = node.wakes
    records = host.records("rig", made)
    assert [record.seq for record in records] == list(range(made))


def awake_us(node: VirtualNode) -> int:
    """Return how long the node has been awake, boots and radio included."""
    states = node.board.load.time_us
    return sum(us for state, us in states.items() if state != "deep sleep")


def test_a_stopped_broker_holds_nobody_beyond_the_deadlines(broker: Broker, node_on, receiver):
    host = receiver(broker)
    node: VirtualNode = node_on(broker, EVERY_WAKE, real_wait_ms=1000)
    config = Config(**firmware_configuration(node.description, {}, Anywhere("127.0.0.1", 1)))
    wake(node, 3)
    host.records("rig", 3)
    usual_us = awake_us(node) // 3
    pid = broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            before_us, began_s = awake_us(node), time.monotonic()
            wake(node, 1)
            longest_ms = config.wifi_timeout_ms + config.mqtt_timeout_ms
            assert awake_us(node) - before_us < usual_us + longest_ms * 1000
            assert time.monotonic() - began_s < 10  # one real wait of a second, generously
    finally:
        os.kill(pid, signal.SIGCONT)
    assert len(backlog(node)) == 2
    until(lambda: host.ingest.connected)
    woken = 0
    while backlog(node) and woken < 20:  # a broker on a busy machine may miss a wake once more
        wake(node, 2)
        woken += 2
    assert backlog(node) == []
    records = host.records("rig", 5 + woken)
    assert [record.seq for record in records] == list(range(5 + woken))
    # The wakes that waited in vain say so themselves.
    assert max(record.awake_ms or 0 for record in records) >= config.mqtt_timeout_ms


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_an_outage_longer_than_the_backlog(mosquitto: Broker, node_on, receiver, runtime):
    host = receiver(mosquitto)
    intervals = "report_every = 1\njournal_every = 10"
    # Wakes fall on whole minutes: those of minutes 30 to 59 find no network.
    text = scenario_text(outages=((0.5, 1.0),), intervals=intervals, records="backlog = 8")
    node = node_on(mosquitto, text, runtime)
    wake(node, 70)
    assert backlog(node) == []
    dropped = set(range(30, 52))  # all but the last 8 of the 30
    records = host.records("rig", 70 - len(dropped))
    assert {record.seq for record in records} == set(range(70)) - dropped
    assert host.ingest.statistics()["rig"].lost == len(dropped)
    assert node.made - len(records) == len(dropped)
    faults = {record.seq: record.faults for record in records}
    # A record is dropped after the next one was made: each tells of the drop before it.
    assert {seq for seq, bits in faults.items() if bits and bits & 32} == set(range(52, 61))


def test_the_farewell_is_heard_before_the_radio_goes(broker: Broker, node_on, receiver):
    """Else the broker publishes the will of a node that only sleeps."""
    host = receiver(broker)
    node = node_on(broker, EVERY_WAKE)
    for count in (1, 2, 3):
        wake(node, 1)
        host.records("rig", count)
        until(lambda: host.ingest.nodes()["rig"].status)
        status = host.ingest.nodes()["rig"].status
        assert status.state == "sleeping"
