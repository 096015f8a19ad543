"""The live view of `filmgauge monitor`: header, table of nodes, details of the selected one."""

import asyncio
import time
from pathlib import Path

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Static

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.signals import SIGNALS, catch_signals
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.terminal.monitor_detail import HISTORY, curves, detail
from filmgauge_host.terminal.monitor_lines import (
    raise_for_gaps,
    summary_line,
    visible,
    wait_for_broker,
)
from filmgauge_host.terminal.monitor_table import (
    SORT_ORDERS,
    Column,
    Moment,
    SortOrder,
    columns,
    row,
    sort_key,
)

_REFRESH_S = 0.25


class MonitorApp(App[None]):
    """Draws what an ingest knows, four times a second; changes nothing."""

    CSS_PATH = "monitor.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("q,ctrl+c", "quit", "quit", key_display="q", priority=True),
        Binding("s", "sort", "sort"),
        Binding("d", "toggle_detail", "details"),
    ]

    def __init__(
        self,
        ingest: Ingest,
        store: RecordStore,
        alerts: AlertEngine,
        shown: frozenset[str] = frozenset(),
        duration_s: float | None = None,
    ):
        super().__init__()
        self.ended = False  # the time given by --for is over
        self._ingest = ingest
        self._store = store
        self._alerts = alerts
        self._shown = shown
        self._duration_s = duration_s
        self._order: SortOrder = SORT_ORDERS[0]
        self._columns: list[Column] = []
        self._snapshots: dict[str, NodeSnapshot] = {}
        self._drawn: dict[str, list[Text]] = {}
        self._curve_of: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        yield Static("no node heard yet", id="nobody", markup=False)
        table = DataTable[Text](cursor_type="row", cursor_foreground_priority="renderable")
        table.display = False
        yield table
        with Horizontal(id="below"):
            yield Static(id="detail")
            yield Static(id="plot")
        yield Footer()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.exit)
        self.set_interval(_REFRESH_S, self._tick)
        if self._duration_s is not None:
            self.set_timer(self._duration_s, self._end)
        self._tick()

    def on_resize(self) -> None:
        self._tick()

    def action_sort(self) -> None:
        """Sort by the next order and keep the cursor on its node."""
        at = (SORT_ORDERS.index(self._order) + 1) % len(SORT_ORDERS)
        self._order = SORT_ORDERS[at]
        self._sort()

    def action_toggle_detail(self) -> None:
        """Show or hide the details, which gives the table the whole height."""
        below = self.query_one("#below")
        below.display = not below.display

    def on_data_table_row_highlighted(self) -> None:
        self._draw_below()

    def _end(self) -> None:
        self.ended = True
        self.exit()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    def _tick(self) -> None:
        """Draw what changed since the last time."""
        if not self.query("#header"):
            return  # the screen is gone already: the app ends
        self._snapshots = {node.name: node for node in visible(self._ingest, self._shown)}
        self._draw_header()
        self.query_one("#nobody").display = not self._snapshots
        self._table.display = bool(self._snapshots)
        if self._snapshots:
            self._draw_table()
            self._draw_below()

    def _draw_header(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{self._ingest.address}  ")
        problem = self._ingest.problem
        if self._ingest.connected and not problem:
            text.append("connected")
            if self._ingest.forgotten:
                text.append(", but it had lost our session: see docs/mosquitto.conf", "yellow")
        elif self._ingest.connected:
            text.append(problem, "red")
        else:
            text.append("no broker: retrying", "red")
        text.append(f"  {self._store.rows} rows in {_short(self._store.path)}")
        text.append(f"  sorted by {self._order}")
        self.query_one("#header", Static).update(text)

    def _draw_table(self) -> None:
        table = self._table
        shown = columns(self.size.width, list(self._snapshots))
        if [(c.title, c.width) for c in shown] != [(c.title, c.width) for c in self._columns]:
            self._build(shown)
        moment = self._moment()
        added = [name for name in self._snapshots if name not in self._drawn]
        for name in added:
            self._drawn[name] = row(self._snapshots[name], self._columns, moment)
            table.add_row(*self._drawn[name], key=name)
        if added:
            self._sort()
        for name in self._names_in_view():
            self._update_row(name, moment)

    def _build(self, shown: list[Column]) -> None:
        """Make the table anew with other columns; the cursor stays on its node."""
        selected = self._selected()
        table = self._table
        table.clear(columns=True)
        self._columns = shown
        for at, column in enumerate(shown):
            title = Text(column.title, justify="right" if column.right else "left")
            table.add_column(title, width=column.width, key=str(at))
        self._drawn = {}
        moment = self._moment()
        for name, node in self._snapshots.items():
            self._drawn[name] = row(node, shown, moment)
            table.add_row(*self._drawn[name], key=name)
        self._sort(selected)

    def _update_row(self, name: str, moment: Moment) -> None:
        cells = row(self._snapshots[name], self._columns, moment)
        for at, (new, old) in enumerate(zip(cells, self._drawn[name], strict=True)):
            if new.plain != old.plain or new.style != old.style:
                self._table.update_cell(name, str(at), new)
        self._drawn[name] = cells

    def _names_in_view(self) -> list[str]:
        """Return the nodes whose rows can be seen: only they are worth drawing."""
        first = max(0, int(self._table.scroll_y) - 1)
        rows = self._table.ordered_rows[first : first + self.size.height + 2]
        return [str(shown.key.value) for shown in rows]

    def _sort(self, keep: str | None = None) -> None:
        selected = keep or self._selected()
        now_s = self._moment().now_s
        names = sorted(
            self._drawn, key=lambda name: sort_key(self._snapshots[name], self._order, now_s)
        )
        rank = {name: at for at, name in enumerate(names)}
        table = self._table
        table.sort("0", key=lambda cell: rank[cell.plain])  # the first column holds the name
        if selected in rank:
            table.move_cursor(row=rank[selected])

    def _selected(self) -> str | None:
        table = self._table
        if not table.row_count or not table.is_valid_row_index(table.cursor_row):
            return None
        return str(table.ordered_rows[table.cursor_row].key.value)

    def _draw_below(self) -> None:
        node = self._snapshots.get(self._selected() or "")
        if node is None or not self.query_one("#below").display:
            return
        moment = self._moment()
        text = detail(node, self._ingest.rejected(), moment.now_s)
        self.query_one("#detail", Static).update(text)
        plot = self.query_one("#plot", Static)
        drawn = (node.name, node.latest, node.statistics.received, plot.size)
        if drawn != self._curve_of:
            self._curve_of = drawn
            self.run_worker(self._draw_curves(node.name), exclusive=True)

    async def _draw_curves(self, name: str) -> None:
        """Read the history aside, because the store may be waiting for the disk."""
        plot = self.query_one("#plot", Static)
        try:
            history = await asyncio.to_thread(self._store.newest, name, HISTORY)
        except StorageError:
            return  # the header says what is wrong
        plot.update(curves(history, plot.size.width, plot.size.height))

    def _moment(self) -> Moment:
        return Moment(time.monotonic(), self._ingest.connected)


def run_app(
    ingest: Ingest,
    store: RecordStore,
    alerts: AlertEngine,
    shown: frozenset[str],
    duration_s: float | None,
    connect_s: float,
) -> None:
    """Show the live view until the user quits; then print what arrived of each node.

    Raises NoBrokerError without a broker within `connect_s`, and DataGapError when the time was
    over and records are missing.
    """
    ingest.start()
    with catch_signals() as signalled:
        wait_for_broker(ingest, connect_s, signalled)
        if signalled():
            return
    app = MonitorApp(ingest, store, alerts, shown, duration_s)
    app.run()
    ingest.close()
    if app.return_code:
        raise FilmgaugeError("the live view failed; what was received is stored")
    for node in visible(ingest, shown):
        print(summary_line(node))
    if app.ended:
        raise_for_gaps(ingest, shown)


def _short(path: Path) -> str:
    """Return the path with ~ for the home directory."""
    try:
        return f"~/{path.resolve().relative_to(Path.home())}"
    except ValueError:
        return str(path)
