"""The live view of `filmgauge monitor`: a row for each node, and a view of one in full."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Input, Static

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.signals import SIGNALS, catch_signals
from filmgauge_host.telemetry.alerts.alert import MONITOR, Alert
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.node_directory import NodeDirectory
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store_writer import StoreWriter
from filmgauge_host.terminal.monitor_curves import HISTORY, curves
from filmgauge_host.terminal.monitor_detail import detail
from filmgauge_host.terminal.monitor_header import alert_lines, connection, header
from filmgauge_host.terminal.monitor_lines import (
    raise_for_gaps,
    summary_line,
    thread_failure,
    visible,
    wait_for_broker,
)
from filmgauge_host.terminal.monitor_node import NodeScreen
from filmgauge_host.terminal.monitor_rows import NodeRows
from filmgauge_host.terminal.monitor_table import (
    SORT_ORDERS,
    Cell,
    Moment,
    SortOrder,
    matches,
    row,
    sort_key,
)

_DRAWN = ("#header", "#nobody", "#rows", "#alerts")
_REFRESH_S = 0.25
_SORT_S = 1.0
_OF_ROWS = ("search", "sort", "acknowledge_all", "clear_search")


class MonitorApp(App[None]):
    """Draws what an ingest knows, four times a second; changes nothing but acknowledgements."""

    CSS_PATH = "monitor.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", show=False, priority=True),
        Binding("slash", "search", "search", key_display="/"),
        Binding("s", "sort", "sort"),
        Binding("a", "acknowledge", "acknowledge"),
        Binding("A", "acknowledge_all", "all", key_display="A"),
        Binding("escape", "clear_search", show=False),
    ]

    def __init__(
        self,
        ingest: Ingest,
        store: StoreWriter,
        alerts: AlertEngine,
        shown: frozenset[str] = frozenset(),
        duration_s: float | None = None,
        page_url: str = "",
    ):
        super().__init__()
        self.ended = False  # the time given by --for is over
        self._ingest = ingest
        self._store = store
        self._alerts = alerts
        self._shown = shown
        self._duration_s = duration_s
        self._page_url = page_url
        self._order: SortOrder = SORT_ORDERS[0]
        self._words: list[str] = []
        self._directory = NodeDirectory(ingest, store)
        self._listed: Mapping[str, NodeSnapshot] = {}  # also those that only the store has
        self._snapshots: Mapping[str, NodeSnapshot] = {}
        self._moment = Moment(time.monotonic())
        self._sorted_s = 0.0
        self._stored = 0  # records
        self._written: dict[str | None, Text] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        yield Input(id="search", placeholder="name, state, fault, limit or alert", compact=True)
        yield Static("no node heard yet", id="nobody", markup=False)
        yield NodeRows(self._cells)
        yield Static(id="alerts")
        yield Footer()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.exit)
        self.set_interval(_REFRESH_S, self._tick)
        if self._duration_s is not None:
            self.set_timer(self._duration_s, self._end)
        self._rows.focus()
        self._tick()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether a key has a meaning where it is pressed."""
        return self._open_node is None or action not in _OF_ROWS

    def action_sort(self) -> None:
        """Sort by the next order; the cursor stays on its node."""
        self._order = SORT_ORDERS[(SORT_ORDERS.index(self._order) + 1) % len(SORT_ORDERS)]
        self._sort()
        self._draw_header()

    def action_search(self) -> None:
        """Ask for words that the rows must have."""
        search = self._search
        search.display = True
        search.focus()

    def action_clear_search(self) -> None:
        """Show all rows again."""
        search = self._search
        search.value = ""
        search.display = False
        self._rows.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the rows that have the words."""
        self._words = event.value.lower().split()
        self._sort()

    def on_input_submitted(self) -> None:
        """Go back to the rows, which stay as they were searched."""
        self._search.display = bool(self._words)
        self._rows.focus()

    def on_node_rows_opened(self) -> None:
        """Show the selected node in full."""
        name = self._rows.selected
        if name is not None and not isinstance(self.screen, NodeScreen):
            self.push_screen(NodeScreen(name))

    def action_acknowledge(self) -> None:
        """Acknowledge the alerts of the node that is shown or selected."""
        open_node = self._open_node
        name = open_node.node if open_node is not None else self._rows.selected
        self._acknowledge([name or MONITOR])

    def action_acknowledge_all(self) -> None:
        """Acknowledge the alerts of all nodes that are shown, and of the monitor itself."""
        self._acknowledge([MONITOR, *self._rows.names])

    @property
    def _rows(self) -> NodeRows:
        return self.screen_stack[0].query_one(NodeRows)

    @property
    def _search(self) -> Input:
        return self.screen_stack[0].query_one(Input)

    @property
    def _open_node(self) -> NodeScreen | None:
        return self.screen if isinstance(self.screen, NodeScreen) else None

    def _acknowledge(self, names: Iterable[str]) -> None:
        for name in names:
            for alert in self._moment.alerts.get(name, ()):
                self._alerts.acknowledge(alert.id)
        self._tick()

    def _end(self) -> None:
        self.ended = True
        self.exit()

    def _tick(self) -> None:
        """Draw what changed since the last time."""
        if not self.screen_stack or not all(map(self.screen_stack[0].query, _DRAWN)):
            return  # the screen is going: the app ends, and its parts vanish one by one
        if thread_failure(self._ingest, self._alerts) is not None:
            self.exit()
            return
        before = self._snapshots.keys()
        nodes = visible({**self._listed, **self._ingest.nodes()}, self._shown)
        self._snapshots = {node.name: node for node in nodes}
        alerts: dict[str, list[Alert]] = defaultdict(list)
        for alert in self._alerts.active():
            alerts[alert.node].append(alert)
        self._moment = Moment(time.monotonic(), self._ingest.connected, alerts)
        open_node = self._open_node
        if open_node is not None:
            self._draw_node(open_node)
            return
        self._draw_header()
        screen = self.screen_stack[0]
        screen.query_one("#nobody").display = not self._snapshots
        self._rows.display = bool(self._snapshots)
        shown = [each for each in self._alerts.active() if self._is_shown(each)]
        below = screen.query_one("#alerts", Static)
        below.display = any(each.state == "active" for each in shown)
        self._write(below, alert_lines(shown))
        if self._snapshots.keys() != before or self._moment.now_s >= self._sorted_s + _SORT_S:
            self._sort()
        else:
            self._rows.draw()

    def _is_shown(self, alert: Alert) -> bool:
        return not self._shown or alert.node in self._shown or alert.node == MONITOR

    def _draw_header(self) -> None:
        total, shown = len(self._snapshots), len(self._rows.names)
        nodes = f"{total} node{'s' if total != 1 else ''}"
        if self._words:
            nodes = f"{shown} of {nodes} with {' '.join(self._words)}"
        where, page = self._store.where, self._page_url
        text = header(self._ingest, where, self._stored, nodes, self._order, page)
        self._write(self.screen_stack[0].query_one("#header", Static), text)

    def _write(self, widget: Static, text: Text) -> None:
        """Update a widget where the text is another one: each update lays the screen out anew."""
        if self._written.get(widget.id) != text:
            self._written[widget.id] = text
            widget.update(text)

    def _sort(self) -> None:
        self._sorted_s = self._moment.now_s
        self.run_worker(self._read_store, group="store", exclusive=True)
        moment, order = self._moment, self._order
        nodes = self._snapshots.values()
        if self._words:
            nodes = [node for node in nodes if matches(node, moment, self._words)]
        keys = sorted((sort_key(node, order, moment), node.name) for node in nodes)
        self._rows.show([name for _, name in keys])

    def _cells(self, name: str) -> Mapping[str, Cell]:
        node = self._snapshots.get(name)
        return row(node or NodeSnapshot(name), self._moment)

    def _draw_node(self, screen: NodeScreen) -> None:
        node = self._snapshots.get(screen.node) or NodeSnapshot(screen.node)
        if not screen.room:
            return
        text = detail(
            node,
            self._moment.alerts.get(node.name, ()),
            self._moment.now_s,
            time.time(),
            screen.room,
        )
        title = Text(f"{node.name}  ", "bold").append_text(connection(self._ingest))
        screen.show(title, text)
        drawn = (node.latest, node.statistics.received, screen.room)
        if drawn != screen.drawn:
            screen.drawn = drawn
            work = partial(self._draw_curves, screen, screen.room)
            self.run_worker(work, group="curves", exclusive=True)

    async def _draw_curves(self, screen: NodeScreen, width: int) -> None:
        """Read the history aside, because the store may be waiting for the disk."""
        try:
            history = await asyncio.to_thread(self._store.newest, screen.node, HISTORY)
        except StorageError:
            return  # the header says what is wrong
        if screen.is_mounted:
            screen.show_curves(curves(history, width))

    async def _read_store(self) -> None:
        """Read aside which nodes the store has, and how many records."""
        self._listed = await asyncio.to_thread(self._directory.readable_nodes)
        with suppress(StorageError):  # the header says what is wrong
            self._stored = await asyncio.to_thread(lambda: self._store.rows)


def run_app(
    ingest: Ingest,
    store: StoreWriter,
    alerts: AlertEngine,
    shown: frozenset[str],
    duration_s: float | None,
    connect_s: float,
    page_url: str = "",
) -> None:
    """Show the live view until the user quits; then print what arrived of each node. page_url: of
    the page that is served besides.

    Raises NoBrokerError without a broker within `connect_s`, DataGapError when the time was over
    and records are missing, and what has ended the thread of ingest or alerts.
    """
    ingest.start()
    with catch_signals() as signalled:
        wait_for_broker(ingest, connect_s, signalled)
        if signalled():
            return
    app = MonitorApp(ingest, store, alerts, shown, duration_s, page_url)
    app.run()
    ingest.close()
    if alerts.failure is not None:
        raise alerts.failure
    if app.return_code:
        raise FilmgaugeError("the live view failed; what was received is stored")
    for node in visible(ingest.nodes(), shown):
        print(summary_line(node))
    if app.ended:
        raise_for_gaps(ingest, shown)
