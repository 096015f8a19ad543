import time

import pytest
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.terminal.monitor_app import MonitorApp

SIZES = [(100, 30), (140, 40)]


@pytest.fixture
def store(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as opened:
        yield opened


@pytest.fixture
def ingest(embedded, store):
    with Ingest(parse_address(embedded.url), store) as running:
        assert running.wait_connected(PATIENCE_S)
        yield running


@pytest.fixture
def node_publisher(embedded):
    made = Publisher(embedded.url)
    yield made
    made.close()


async def shows(pilot: Pilot, what) -> None:
    """Let the app run until `what()` is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "the screen never showed it"
        await pilot.pause(0.05)


def text(app: MonitorApp, selector: str) -> str:
    return str(app.query_one(selector, Static).render())


def cells(app: MonitorApp, node: str) -> dict[str, str]:
    table = app.query_one(DataTable)
    titles = [str(column.label) for column in table.ordered_columns]
    return dict(zip(titles, (cell.plain for cell in table.get_row(node)), strict=True))


def order(app: MonitorApp) -> list[str | None]:
    return [shown.key.value for shown in app.query_one(DataTable).ordered_rows]


@pytest.mark.parametrize("size", SIZES)
async def test_a_row_per_node_with_its_values(ingest, store, node_publisher, size):
    node_publisher.send([("filmgauge/bench/status", '{"state":"online","next_report_s":300}')])
    node_publisher.records("bench", [0, 1, 4])
    node_publisher.records("attic", [0])
    app = MonitorApp(ingest, store)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, lambda: order(app) == ["attic", "bench"])
        await shows(pilot, lambda: cells(app, "bench")["gaps"] == "2")
        bench = cells(app, "bench")
        assert bench["state"] == "online"
        assert bench["SoC %"] == "81.2 ± 0.4"
        assert bench["V"] == "2.1040"
        assert bench["faults"] == "none"
        await pilot.press("down")
        await shows(pilot, lambda: "boot 1 seq 4" in text(app, "#detail"))
        await shows(pilot, lambda: "state of charge" in text(app, "#plot"))
        await shows(pilot, lambda: "┤" in text(app, "#plot"))
        assert "4 rows" in text(app, "#header")
        assert app.screen.size == size


async def test_rows_follow_and_old_records_do_not_replace_newer(ingest, store, node_publisher):
    app = MonitorApp(ingest, store)
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: app.query_one("#nobody").display)
        newer = record(9, soc_ppm=500_000).to_json()
        node_publisher.send([("filmgauge/bench/telemetry", newer)])
        await shows(pilot, lambda: order(app) == ["bench"])
        node_publisher.records("bench", [3])  # 81.2 %, late
        await shows(pilot, lambda: cells(app, "bench")["received"] == "2")
        assert cells(app, "bench")["SoC %"] == "50.0 ± 0.4"


async def test_sorting_keeps_the_cursor_on_its_node(ingest, store, node_publisher):
    node_publisher.records("aaa", [0, 1])
    node_publisher.records("mmm", [0, 5])
    low = record(0, soc_ppm=10_000).to_json()
    node_publisher.send([("filmgauge/zzz/telemetry", low)])
    app = MonitorApp(ingest, store)
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, lambda: order(app) == ["aaa", "mmm", "zzz"])
        await shows(pilot, lambda: cells(app, "mmm")["gaps"] == "4")
        await pilot.press("s", "s")
        await shows(pilot, lambda: order(app)[0] == "zzz")
        await shows(pilot, lambda: "by charge" in text(app, "#header"))
        await pilot.press("s")
        await shows(pilot, lambda: order(app)[0] == "mmm")
        table = app.query_one(DataTable)
        assert order(app)[table.cursor_row] == "aaa"
        await pilot.press("d")
        assert not app.query_one("#below").display


async def test_nodes_heard_later_are_added_and_the_size_may_change(ingest, store, node_publisher):
    names = [f"node-{at:03d}" for at in range(120)]
    app = MonitorApp(ingest, store)
    async with app.run_test(size=(140, 40)) as pilot:
        for first in range(0, 120, 40):
            for name in names[first : first + 40]:
                node_publisher.send([(f"filmgauge/{name}/telemetry", record(1).to_json())])
        await shows(pilot, lambda: order(app) == names)
        await pilot.press("s", "end")
        await pilot.resize_terminal(100, 30)
        await shows(pilot, lambda: len(app.query_one(DataTable).columns) < 13)
        assert sorted(map(str, order(app))) == names


async def test_a_lost_broker_is_said_and_values_turn_grey(embedded, ingest, store, node_publisher):
    node_publisher.records("bench", [0])
    app = MonitorApp(ingest, store)
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: order(app) == ["bench"])
        assert "connected" in text(app, "#header")
        embedded.kill()
        await shows(pilot, lambda: "no broker: retrying" in text(app, "#header"))
        table = app.query_one(DataTable)
        await shows(pilot, lambda: table.get_row("bench")[2].style == "bright_black")
        embedded.start()
        await shows(pilot, lambda: "connected" in text(app, "#header"))
        await shows(pilot, lambda: table.get_row("bench")[2].style == "")


async def test_q_and_the_end_of_the_time_leave(ingest, store):
    app = MonitorApp(ingest, store)
    async with app.run_test() as pilot:
        await pilot.press("q")
        await shows(pilot, lambda: not app.is_running)
    assert not app.ended
    app = MonitorApp(ingest, store, duration_s=0.2)
    async with app.run_test() as pilot:
        await shows(pilot, lambda: app.ended)
    until(lambda: app.return_code == 0)
