"""The same scenario on the real interpreter and in this process is the same run."""

from mqtt_brokers import Broker
from reporting_node import Receiver, backlog, scenario_text, wake

from filmgauge.record.record import Record
from filmgauge_sim.nodes.virtual_node import VirtualNode

TEXT = scenario_text(
    errors="drawn", outages=((0.4, 0.8),), intervals="report_every = 3\njournal_every = 5"
)
WAKES = 90
RECORDS = 30


def run(tmp_path, broker, node_on, runtime, name, text=TEXT) -> tuple[list[Record], dict]:
    """Run a node; return its records and what the run cost."""
    with Receiver(tmp_path / name, broker.url) as receiver:
        node: VirtualNode = node_on(broker, text, runtime)
        wake(node, WAKES)
        assert backlog(node) == []
        records = receiver.records("rig", RECORDS)
    board = node.board
    return records, {
        "end": board.now_us,
        "requests": board.requests,
        "programs": node.flash.programs,
        "erases": node.flash.erases,
        "states": dict(board.load.time_us),
        "memory": board.rtc_memory,
        "flash": node.flash.path.read_bytes(),
        "truth": [node.truth[at] for at in range(len(node.truth))],
    }


def test_both_runtimes_are_the_same_run(tmp_path, broker: Broker, node_on):
    real, real_cost = run(tmp_path, broker, node_on, "micropython", "a")
    fast, fast_cost = run(tmp_path, broker, node_on, "cpython", "b")
    assert [record.values() for record in real] == [record.values() for record in fast]
    for what, amount in real_cost.items():
        assert amount == fast_cost[what], what
    assert [record.seq for record in real] == list(range(RECORDS))
    # The outage of 24 minutes made 8 records wait, and they were told to.
    assert max(record.backlog for record in real if record.backlog is not None) == 8


def test_the_same_seed_is_the_same_run_and_another_is_not(tmp_path, mosquitto: Broker, node_on):
    first = run(tmp_path, mosquitto, node_on, "cpython", "a")
    again = run(tmp_path, mosquitto, node_on, "cpython", "b")
    text = TEXT.replace("seed = 1", "seed = 2")
    other = run(tmp_path, mosquitto, node_on, "cpython", "c", text)
    assert first == again
    assert [record.measured_nah for record in other[0]] != [
        record.measured_nah for record in first[0]
    ]
