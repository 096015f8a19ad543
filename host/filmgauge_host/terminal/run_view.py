"""A run to watch: progress, a table of the nodes, and gauge against truth as curves."""

import time
from collections import deque
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Literal, NamedTuple, Self, TypeAlias

import plotext
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from filmgauge_host.signals import catch_signals
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal import record_format as written
from filmgauge_host.terminal.run_lines import RunLines
from filmgauge_host.virtual.run_result import uplink_of
from filmgauge_host.virtual.session import RunSession
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.nodes.virtual_node import VirtualNode

_REFRESH_S = 0.25
_HISTORY = 2000  # points of a curve; the screen has fewer columns
_PLOT_HEIGHT = 12
_PLOT_LEAST = 38  # columns
# Columns of the table: from how wide a screen on
_COLUMNS: tuple[tuple[str, Literal["left", "right"], int], ...] = (
    ("node", "left", 0),
    ("way", "left", 0),
    ("phase", "left", 95),
    ("SoC %", "right", 0),
    ("true %", "right", 0),
    ("stored uAh", "right", 110),
    ("available uAh", "right", 150),
    ("V", "right", 0),
    ("uA", "right", 0),
    ("degC", "right", 80),
    ("records", "right", 0),
    ("lost", "right", 80),
    ("faults", "left", 118),
)
_UPLINKS = {"mqtt": "Wi-Fi", "ble": "BLE", "stored": "stored"}
_TRUTH, _GAUGE, _SIGMA, _VOLTAGE = "red", "cyan", "yellow", "green"

_Curve: TypeAlias = tuple[list[float], str]


class _Point(NamedTuple):
    """What a record adds to the curves of its node."""

    hours: float
    true_pct: float
    soc_pct: float
    two_sigma_pct: float
    voltage_v: float


class RunView:
    """Draws a session in the terminal. Use as a context; `add` and `tick` feed it."""

    def __init__(self, session: RunSession, title: str, console: Console | None = None) -> None:
        self._session = session
        self._title = title
        self._points = {
            node.name: deque[_Point](maxlen=_HISTORY) for node in session.simulation.nodes
        }
        self._console = console or Console()
        self._live = Live(
            console=self._console, auto_refresh=False, screen=False, vertical_overflow="crop"
        )
        self._drawn_s = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._draw()
        self._live.stop()

    def add(self, received: ReceivedRecord, true_pct: float | None) -> None:
        """Add a new record to the curves; one that is late or without values is left out."""
        soc_ppm, voltage_uv = received.value("soc_ppm"), received.value("voltage_uv")
        if true_pct is None or soc_ppm is None or voltage_uv is None or received.history:
            return
        hours = (received.value("up_s") or 0) / 3600
        two_sigma_pct = 2 * (received.value("soc_sigma_ppm") or 0) / 1e4
        point = _Point(hours, true_pct, soc_ppm / 1e4, two_sigma_pct, voltage_uv / 1e6)
        self._points[received.node].append(point)

    def tick(self) -> None:
        """Draw again when it is time."""
        if time.monotonic() - self._drawn_s >= _REFRESH_S:
            self._draw()

    def _draw(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self.body(), refresh=True)

    def body(self) -> Group:
        """Return what is to be seen now."""
        return Group(self._header(), self._table(), *self._curves(), self._footer())

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
            title=f"[bold]{self._title}[/]",
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
        width = self._console.width
        names = [name for name, _, least in _COLUMNS if width >= least]
        for name, justify, _ in _COLUMNS:
            if name in names:
                table.add_column(name, justify=justify, no_wrap=True)
        for node in self._session.simulation.nodes:
            cells = self._cells(node)
            table.add_row(*[cells.get(name, written.UNKNOWN) for name in names])
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
            "way": _UPLINKS[uplink],
            "phase": _condition(node),
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

    def _curves(self) -> list[Text]:
        """Return curves side by side, as many as there is room for: those of the only node, or
        the state of charge of each."""
        shown = {name: points for name, points in self._points.items() if len(points) > 1}
        if not shown:
            return [Text("waiting for the first records ...", style="dim")]
        alone = len(self._points) == 1
        plots = [
            (title if alone else f"{name} {title}", points, curves)
            for name, points in shown.items()
            for title, curves in _curves_of(points)[: None if alone else 1]
        ]
        plots = plots[: max(1, self._console.width // _PLOT_LEAST)]
        width = self._console.width // len(plots)
        drawn = [
            _plot(title, [point.hours for point in points], curves, width)
            for title, points, curves in plots
        ]
        rows = zip(*drawn, strict=True)
        return [Text.from_ansi("".join(row), no_wrap=True) for row in rows]

    def _footer(self) -> Text:
        return Text(
            f"Ctrl-C ends the run.  Another terminal can watch: filmgauge monitor --broker "
            f"{self._session.broker_url}",
            style="dim",
        )


def _condition(node: VirtualNode) -> str:
    """Return what its cell does, and the capacitor's voltage where it lives from its film."""
    world = node.world
    if node.dead or isinstance(world, CyclerBench):
        return node.dead or world.truth().phase
    state = world.truth().phase if world.board_on else "no power"
    return f"{state}, {world.capacitor_v:.2f} V"


def _curves_of(points: Iterable[_Point]) -> list[tuple[str, list[_Curve]]]:
    """Return title and curves of each plot of a node."""
    _, true_pct, soc_pct, two_sigma_pct, voltage_v = map(list, zip(*points, strict=True))
    minus_pct = [-value for value in two_sigma_pct]
    error_pct = [soc - true for soc, true in zip(soc_pct, true_pct, strict=True)]
    sigma = [(two_sigma_pct, _SIGMA), (minus_pct, _SIGMA)]
    return [
        ("SoC, %: gauge over truth", [(true_pct, _TRUTH), (soc_pct, _GAUGE)]),
        ("error, %, and two sigma", [*sigma, (error_pct, _GAUGE)]),
        ("voltage, V", [(voltage_v, _VOLTAGE)]),
    ]


def _plot(title: str, hours: list[float], curves: list[_Curve], width: int) -> list[str]:
    """Return the lines of a plot of `width` by _PLOT_HEIGHT characters with colours."""
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, _PLOT_HEIGHT)
    figure.theme("colorless")
    figure.title(f"{title} (h)")
    for values, color in curves:
        signal = figure.signal(hours, values, marker=plotext.marker("braille", color))
        figure.draw(signal.lines())
    lines = str(figure.build()).splitlines()
    return (lines + [""] * _PLOT_HEIGHT)[:_PLOT_HEIGHT]


def watch(session: RunSession, on_screen: bool, as_json: bool) -> None:
    """Run to the end or to Ctrl-C, showing what happens: on a screen, or in lines."""
    title = f"filmgauge run {session.scenario.name}"
    with (
        catch_signals() as signalled,
        RunView(session, title)
        if on_screen
        else nullcontext(RunLines(session, quiet=as_json)) as shown,
    ):

        def idle() -> bool:
            shown.tick()
            return not signalled()

        session.run(shown.add, idle)
