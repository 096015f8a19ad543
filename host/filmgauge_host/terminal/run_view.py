"""A run to watch: progress, a table of the nodes, and gauge against truth as curves."""

import time
from collections import deque
from typing import Literal, Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written
from filmgauge_host.terminal.run_plots import (
    GAUGE,
    LEAST_HEIGHT,
    LEAST_WIDTH,
    MOST_HEIGHT,
    TRUTH,
    Plot,
    Point,
    plots_of_one,
    soc_plot,
)
from filmgauge_host.virtual.run_result import uplink_of
from filmgauge_host.virtual.session import RunSession
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.virtual_node import VirtualNode

_REFRESH_S = 0.25
_HISTORY = 2000  # points of a curve; the screen has fewer columns
_NOW = "cell now, rail"  # a record is older, and what else a row says comes from its last one
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("node", "left"),
    ("uplink", "left"),
    (_NOW, "left"),
    ("SoC %", "right"),
    ("true %", "right"),
    ("stored uAh", "right"),
    ("available uAh", "right"),
    ("V", "right"),
    ("uA", "right"),
    ("degC", "right"),
    ("records", "right"),
    ("lost", "right"),
    ("faults", "left"),
)
_GAP = 2  # between columns, and at both edges together
# What goes where a screen has no room for all, one after the other: nothing is cut off.
_DROPPED = ("available uAh", "stored uAh", "faults", _NOW, "lost", "degC", "records", "uplink")
_COLORS = {"SoC %": GAUGE, "true %": TRUTH}  # of the curves
_UPLINKS = {"mqtt": "Wi-Fi", "ble": "BLE", "stored": "stored"}


class RunView:
    """Draws a session in the terminal. Use as a context; `add` and `tick` feed it."""

    def __init__(
        self,
        session: RunSession,
        title: str,
        console: Console | None = None,
        page_url: str = "",
    ) -> None:
        self._session = session
        self._page_url = page_url
        self._title = title
        self._points = {
            node.name: deque[Point](maxlen=_HISTORY) for node in session.simulation.nodes
        }
        self._console = console or Console()
        self._live = Live(
            console=self._console, auto_refresh=False, screen=False, vertical_overflow="crop"
        )
        self._drawn_s = 0.0
        self._is_over = False

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over = True
        self._draw()
        self._live.stop()

    def add(self, received: ReceivedRecord, truth: Truth | None) -> None:
        """Add a new record to the curves; one that is late or without values is left out."""
        soc_ppm, voltage_uv = received.value("soc_ppm"), received.value("voltage_uv")
        if truth is None or soc_ppm is None or voltage_uv is None or received.history:
            return
        self._points[received.node].append(
            Point(
                hours=truth.now_us / 3.6e9,
                true_pct=truth.stoichiometry * 100,
                soc_pct=soc_ppm / 1e4,
                two_sigma_pct=2 * (received.value("soc_sigma_ppm") or 0) / 1e4,
                voltage_v=voltage_uv / 1e6,
            )
        )

    def tick(self) -> None:
        """Draw again when it is time."""
        if time.monotonic() - self._drawn_s >= _REFRESH_S:
            self._draw()

    def _draw(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self.body(), refresh=True)

    def body(self) -> Group:
        """Return what is to be seen now."""
        head: list[RenderableType] = [self._header(), self._table()]
        foot: list[RenderableType] = [] if self._is_over else [self._footer()]
        options = self._console.options
        used = sum(len(self._console.render_lines(part, options)) for part in head + foot)
        return Group(*head, *self._curves(self._console.height - used), *foot)

    def _header(self) -> Panel:
        simulation = self._session.simulation
        now_s, end_s = simulation.now_us / 1e6, simulation.end_us / 1e6
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1)
        grid.add_column(justify="right")
        pace = now_s / max(self._session.wall_s, 1e-3)
        grid.add_row(
            ProgressBar(total=end_s, completed=now_s),
            f"{written.span(now_s)} of {written.span(end_s)}, {pace:,.0f} times real time",
        )
        return Panel(
            Group(Text(self._session.scenario.summary, style="dim"), grid),
            title=Text(self._title, style="bold"),
            title_align="left",
        )

    def _table(self) -> Table:
        table = Table(
            expand=True,
            header_style="bold",
            border_style="dim",
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        rows = [self._cells(node) for node in self._session.simulation.nodes]
        names = _fitting(rows, self._console.width)
        for name, justify in _COLUMNS:
            if name in names:
                title = Text(name, style=_COLORS.get(name, ""))
                table.add_column(title, justify=justify, no_wrap=True)
        for cells in rows:
            table.add_row(*[Text(cells.get(name, written.UNKNOWN)) for name in names])
        return table

    def _cells(self, node: VirtualNode) -> dict[str, str]:
        """Return what the table says of a node, by column."""
        score = self._session.scores[node.name]
        snapshot = self._session.ingest.nodes().get(node.name)
        uplink = uplink_of(node)
        received = snapshot.statistics.received if snapshot else 0
        lost = str(snapshot.statistics.lost) if snapshot else "0"
        cells = {
            "node": node.name,
            "uplink": _UPLINKS[uplink],
            _NOW: _condition(node),
            "records": str(node.made if uplink == "stored" else received),
            "lost": written.UNKNOWN if uplink == "stored" else lost,
        }
        received, true_pct = score.latest, score.latest_true_pct
        if received is not None:
            cells |= {
                "SoC %": written.state_of_charge(received),
                "true %": written.UNKNOWN if true_pct is None else f"{true_pct:.1f}",
                "stored uAh": written.charge(received),
                "available uAh": written.available(received),
                "V": written.voltage(received),
                "uA": written.current(received),
                "degC": written.temperature(received),
                "faults": written.faults(received),
            }
        return cells

    def _curves(self, room: int) -> list[Text]:
        """Return curves side by side, as many as `room` lines have room for: those of the only
        node, or the state of charge of each."""
        if not any(self._points.values()):
            return [Text("waiting for the first records ...", style="dim")]
        height = min(room, MOST_HEIGHT)
        height -= 1 - height % 2  # so that there is a line in the middle
        if height < LEAST_HEIGHT:
            return []
        plots = self._plots()[: max(1, self._console.width // LEAST_WIDTH)]
        width = self._console.width // len(plots)
        now_h = self._session.simulation.now_us / 3.6e9
        rows = zip(*(plot.lines(now_h, width, height) for plot in plots), strict=True)
        return [Text("", no_wrap=True).join(row) for row in rows]

    def _plots(self) -> list[Plot]:
        if len(self._points) > 1:
            return [soc_plot(name, points) for name, points in self._points.items()]
        (points,) = self._points.values()
        return plots_of_one(points)

    def _footer(self) -> Text:
        page = f" Page: {self._page_url}" if self._page_url else ""
        return Text(
            f"Ctrl-C ends.{page} Elsewhere: filmgauge monitor --broker {self._session.broker_url}",
            style="dim",
        )


def _fitting(rows: list[dict[str, str]], width: int) -> list[str]:
    """Return the names of the columns that are shown whole in so many characters."""
    needs = {
        name: max(len(name), *(len(cells.get(name, written.UNKNOWN)) for cells in rows)) + _GAP
        for name, _ in _COLUMNS
    }
    for name in _DROPPED:
        if sum(needs.values()) + _GAP <= width:
            break
        del needs[name]
    return list(needs)


def _condition(node: VirtualNode) -> str:
    """Return what its cell does, and the capacitor's voltage where it lives from its film."""
    world = node.world
    if node.dead or isinstance(world, CyclerBench):
        return node.dead or world.truth().phase
    state = world.truth().phase if world.board_on else "no power"
    return f"{state}, {world.capacitor_v:.2f} V"
