"""Brokers that refuse, hang, break off or talk nonsense: a node tries once a wake, ends its wake
in time, and no record is lost."""

from contextlib import closing
from pathlib import Path

import pytest
from bad_broker import MODES, BadWay
from reporting_node import Receiver, make_node, scenario_text, wake

from filmgauge_host.telemetry.address import parse_address

TIMEOUT_MS = 5000  # mqtt_timeout_ms
# A wake joins, connects, and may wait out one deadline for it and one for an acknowledgement.
MOST_AWAKE_MS = 4 * TIMEOUT_MS


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_a_broker_gone_wrong_costs_time_and_no_record(
    mosquitto, receiver, tmp_path: Path, board: str
) -> None:
    host: Receiver = receiver(mosquitto)
    address = parse_address(mosquitto.url)
    text = scenario_text(intervals="report_every = 1\njournal_every = 4").replace(
        'name = "rig"\n[node.cell]', f'name = "rig"\nboard = "{board}"\n[node.cell]'
    )
    with BadWay((address.host, address.port)) as way:
        made = make_node(tmp_path / "node", f"mqtt://127.0.0.1:{way.port}", "cpython", text, 150)
        with closing(made) as node:
            wake(node, 2)
            for mode in MODES:
                before, sessions = way.connections, node.board.wifi_sessions
                way.mode = mode
                target = node.board.wifi_sessions + 2
                while node.board.wifi_sessions < target:
                    node.step()
                    assert node.dead is None
                assert way.connections - before <= 2, mode
                assert node.board.wifi_sessions - sessions == 2, mode
                way.mode = None
                while node.waiting or node.board.wifi_sessions < target + 1:
                    node.step()
                    assert node.dead is None, mode
            assert "Traceback" not in node.console.read_text()
            made_records = node.board.wifi_sessions
    records = host.records("rig", made_records)
    assert [(each.boot, each.seq) for each in records] == [(1, seq) for seq in range(made_records)]
    assert max(each.awake_ms for each in records) < MOST_AWAKE_MS
    assert {each.resets for each in records} == {0}
