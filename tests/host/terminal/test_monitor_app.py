import asyncio
from collections import defaultdict

import pytest
from monitor_screen import LONG, lines, shows, text, words
from mqtt_nodes import Publisher, record
from patience import PATIENCE_S, until
from textual.widgets import Input

from filmgauge.record import FAULT_SENSOR
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.alerts.alert_log import AlertLog
from filmgauge_host.telemetry.alerts.alert_thread import AlertThread
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.node_directory import NodeDirectory
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.terminal.monitor_app import MonitorApp
from filmgauge_host.terminal.monitor_node import NodeScreen
from filmgauge_host.terminal.monitor_rows import NodeRows
from filmgauge_host.terminal.monitor_table import GREY

WIDTHS = [80, 110, 180]
LONG_NAME = "a-node-whose-name-is-as-long-as-"


@pytest.fixture
def store(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as opened:
        yield opened


@pytest.fixture
def engine(store):
    with AlertLog(store.path) as log:
        yield AlertEngine(log=log)


@pytest.fixture
def ingest(embedded, store, engine):
    made = Ingest(parse_address(embedded.url), store)
    with AlertThread(engine, made), made as running:
        assert running.wait_connected(PATIENCE_S)
        yield running


@pytest.fixture
def monitor(ingest, store, engine):
    return lambda **keys: MonitorApp(ingest, store, engine, **keys)


@pytest.fixture
def node_publisher(embedded):
    made = Publisher(embedded.url)
    yield made
    made.close()


def rows(app: MonitorApp) -> NodeRows:
    return app.screen_stack[0].query_one(NodeRows)


def order(app: MonitorApp) -> list[str]:
    return list(rows(app).names)


def cells(app: MonitorApp, node: str) -> dict[str, str]:
    """Return what stands under each title in the row of a node, as it is on the screen; nothing
    while it is not there."""
    found = lines(app)
    titles = [y for y, line in enumerate(found) if line.split()[:2] == ["node", "state"]]
    drawn = [line for line in found[titles[0] :] if line.split()[:1] == [node]] if titles else []
    result = defaultdict[str, str](str)
    left = found[titles[0]].index("node") if titles else 0
    for column, wide in rows(app)._columns if drawn else ():
        result[column.title] = drawn[0][left : left + wide].strip()
        left += wide + 2
    return result


def style_of(app: MonitorApp, node: str, title: str) -> str:
    return app._cells(node)[title].style


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_is_cut_off_at_any_width(monitor, node_publisher, ingest, width):
    send = node_publisher.send
    for seq in (0, 1, 2, 5, 6):
        payload = record(seq, life=0x1234ABCD, **LONG).to_json()
        send([(f"filmgauge/{LONG_NAME}/telemetry", payload)])
    send([(f"filmgauge/{LONG_NAME}/info", '{"board":"ESP32_GENERIC_C6","full_uah":200.0}')])
    send([(f"filmgauge/{LONG_NAME}/status", '{"state":"sleeping","next_report_s":360000}')])
    send([(f"filmgauge/{LONG_NAME}/telemetry", "[" * 9), ("filmgauge/b/telemetry", "{}")])
    node_publisher.records("other", [0])
    app = monitor()
    async with app.run_test(size=(width, 120)) as pilot:
        await shows(pilot, lambda: LONG_NAME in order(app))
        await shows(pilot, lambda: "faults (sensor)" in text(app) or "more alerts" in text(app))
        await pilot.press("slash", *LONG_NAME[:8], "enter")
        await shows(pilot, lambda: order(app) == [LONG_NAME])
        least = {80: 4, 110: 7, 180: 12}[width]

        def is_whole() -> bool:
            row = {**cells(app, LONG_NAME), "age": ""}
            written = {title: cell.text.strip() for title, cell in app._cells(LONG_NAME).items()}
            return len(row) > least and row == {**{each: written[each] for each in row}, "age": ""}

        await shows(pilot, is_whole)
        await shows(pilot, lambda: cells(app, LONG_NAME)["SoC %"] == "53.4 ± 12.3")
        assert max(map(len, lines(app))) <= width
        await pilot.press("enter")
        await shows(pilot, lambda: isinstance(app.screen, NodeScreen) and "┤" in text(app))
        shown = words(app) if width == 80 else text(app)
        for value in (
            *("life 1234abcd boot 1 seq 6", "53.4 ± 12.3 %, shown 53 %", "132.1 / 160.0 uAh"),
            *("30.1 ± 0.9 / 157.0 uAh", "empty in 4d00h", "2.1043 V", "-1234.568 uA"),
            *(
                "-12.3 degC",
                "1200 ± 360 cycles to 80 %",
                "-0.013 ± 0.004 % a cycle",
                "123.4 so far",
            ),
            *("-1221.345", "-6.012", "1.234", "65534", "5, 0 twice", "2, 0 of them from earlier"),
            *("1 malformed, 0 conflicting", "is not JSON", "ESP32_GENERIC_C6", "warning sensor"),
            *("state of charge ± 2 sigma", "voltage, V", "current, uA"),
        ):
            assert value in shown, f"{value!r} is not whole in\n{text(app)}"
        for word in (
            *("under_voltage", "over_charge", "cold", "exception,", "cell_changed,"),
            *("80", "contradiction", "1234", "99.51"),
        ):
            assert word in words(app)
        assert "…" not in text(app)


async def test_a_row_per_node_with_its_values(monitor, node_publisher):
    node_publisher.send([("filmgauge/bench/status", '{"state":"online","next_report_s":300}')])
    node_publisher.records("bench", [0, 1, 4])
    node_publisher.records("attic", [0])
    app = monitor(page_url="http://127.0.0.1:1/")
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: order(app) == ["attic", "bench"])
        assert "page http://127.0.0.1:1/" in words(app)
        await shows(pilot, lambda: cells(app, "bench")["gaps"] == "2")
        for title, shown in (("SoC %", "81.2 ± 0.4"), ("V", "2.1040"), ("faults", "none")):
            await shows(pilot, lambda t=title, text=shown: cells(app, "bench")[t] == text)
        await shows(pilot, lambda: cells(app, "bench")["state"] == "online")
        await shows(pilot, lambda: "4 rows" in words(app))
        assert "2 nodes, worst first" in words(app)
        await pilot.press("down", "enter")
        await shows(pilot, lambda: "boot 1 seq 4" in text(app))
        assert "sort" not in lines(app)[-1]
        await pilot.press("escape")
        await shows(pilot, lambda: "attic" in text(app))


async def test_rows_follow_and_old_records_do_not_replace_newer(monitor, node_publisher):
    app = monitor()
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: "no node heard yet" in text(app))
        newer = record(9, soc_ppm=500_000).to_json()
        node_publisher.send([("filmgauge/bench/telemetry", newer)])
        await shows(pilot, lambda: order(app) == ["bench"])
        node_publisher.records("bench", [3])  # 81.2 %, late
        await shows(pilot, lambda: cells(app, "bench")["received"] == "2")
        await shows(pilot, lambda: cells(app, "bench")["SoC %"] == "50.0 ± 0.4")


async def test_sorting_keeps_the_cursor_on_its_node(monitor, node_publisher):
    node_publisher.records("aaa", [0, 1])
    node_publisher.records("mmm", [0, 5])
    low = record(0, soc_ppm=10_000).to_json()
    node_publisher.send([("filmgauge/zzz/telemetry", low)])
    app = monitor()
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, lambda: order(app) == ["aaa", "mmm", "zzz"])
        await pilot.press("s", "s")
        await shows(pilot, lambda: order(app)[0] == "zzz")
        assert "by charge" in words(app)
        await pilot.press("s")
        await shows(pilot, lambda: order(app)[0] == "mmm")
        assert rows(app).selected == "aaa"
        await pilot.press("home")
        assert rows(app).selected == "mmm"


async def test_the_worst_node_is_first_and_an_acknowledged_alert_is_no_news(
    monitor, node_publisher, engine
):
    node_publisher.records("aaa", [0])
    faulty = record(0, faults=FAULT_SENSOR).to_json()
    node_publisher.send([("filmgauge/zzz/telemetry", faulty)])
    app = monitor()
    async with app.run_test(size=(110, 30)) as pilot:
        await shows(pilot, lambda: order(app) == ["zzz", "aaa"])
        await shows(pilot, lambda: cells(app, "zzz")["alerts"] == "1 warning")
        line = "warning zzz faults (sensor): it reports the fault sensor"
        await shows(pilot, lambda: line in text(app))
        await pilot.press("home", "a")
        await shows(pilot, lambda: cells(app, "zzz")["alerts"] == "1 known")
        await shows(pilot, lambda: "it reports the fault sensor" not in text(app))
        await shows(pilot, lambda: order(app) == ["aaa", "zzz"])
        (alert,) = engine.active()
        assert alert.state == "acknowledged"
        await pilot.press("end", "enter")
        await shows(pilot, lambda: "acknowledged: it reports" in words(app))


async def test_searching_shows_the_rows_that_have_the_words(monitor, node_publisher):
    node_publisher.records("lab-1", [0])
    node_publisher.records("lab-2", [0])
    faulty = record(0, faults=FAULT_SENSOR).to_json()
    node_publisher.send([("filmgauge/shelf/telemetry", faulty)])
    app = monitor()
    async with app.run_test(size=(110, 30)) as pilot:
        await shows(pilot, lambda: len(order(app)) == 3)
        await pilot.press("slash", *"lab")
        await shows(pilot, lambda: order(app) == ["lab-1", "lab-2"])
        await pilot.press("enter", "down", "s")
        await shows(pilot, lambda: "2 of 3 nodes with lab, by node" in words(app))
        assert rows(app).selected == "lab-2"
        await pilot.press("slash", "backspace", "backspace", "backspace", *"sensor")
        await shows(pilot, lambda: order(app) == ["shelf"])
        await pilot.press("escape")
        await shows(pilot, lambda: len(order(app)) == 3)
        assert not app.screen.query_one(Input).display


async def test_many_nodes_and_another_size(monitor, node_publisher, ingest):
    names = [f"node-{at:03d}" for at in range(120)]
    app = monitor()
    async with app.run_test(size=(140, 40)) as pilot:
        node_publisher.send((f"filmgauge/{name}/telemetry", record(1).to_json()) for name in names)
        await shows(pilot, lambda: order(app) == names)
        await pilot.press("pagedown", "end")
        assert rows(app).selected == "node-119"
        await shows(pilot, lambda: "node-119" in text(app))
        await pilot.press("up", "pageup", "home")
        await pilot.resize_terminal(80, 24)
        await shows(pilot, lambda: len(rows(app).titles) <= 11)
        assert order(app) == names
        await shows(pilot, lambda: cells(app, "node-000")["state"] == "online")
        await pilot.click(NodeRows, offset=(4, 3))
        assert rows(app).selected == "node-002"


async def test_nodes_that_only_the_store_has_are_listed_as_on_the_page(
    monitor, node_publisher, store, ingest
):
    """A node that went quiet before the monitor began is what its users look for."""
    store.add([ReceivedRecord("quiet", record(3), 1_700_000_000_000)])
    app = monitor()
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: order(app) == ["quiet"])
        assert cells(app, "quiet")["state"] != "online"
        node_publisher.records("bench", [0])
        await shows(pilot, lambda: set(order(app)) == {"bench", "quiet"})
        page = NodeDirectory(ingest, store).nodes()
        assert page.keys() == set(order(app))


async def test_a_lost_broker_is_said_and_values_turn_grey(embedded, monitor, node_publisher):
    node_publisher.records("bench", [0])
    app = monitor()
    async with app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, lambda: order(app) == ["bench"])
        assert "connected" in text(app)
        embedded.kill()
        await shows(pilot, lambda: "no broker: retrying" in text(app))
        await shows(pilot, lambda: style_of(app, "bench", "V") == GREY)
        await asyncio.to_thread(embedded.start)
        await shows(pilot, lambda: "connected" in text(app))
        await shows(pilot, lambda: style_of(app, "bench", "V") == "")


async def test_q_and_the_end_of_the_time_leave(monitor):
    app = monitor()
    async with app.run_test() as pilot:
        await pilot.press("q")
        await shows(pilot, lambda: not app.is_running)
    assert not app.ended
    app = monitor(duration_s=0.2)
    async with app.run_test() as pilot:
        await shows(pilot, lambda: app.ended)
    until(lambda: app.return_code == 0)


async def test_a_thread_that_has_failed_ends_the_view(monitor, engine):
    app = monitor()
    async with app.run_test() as pilot, asyncio.timeout(PATIENCE_S):
        engine.failure = RuntimeError("a fault of the alerts")
        while app.is_running:
            await pilot.pause()
