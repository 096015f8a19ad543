"""A run to watch: progress, a table of the nodes, and gauge against truth as curves."""

import time
from collections import deque
from types import TracebackType
from typing import Literal, Self, TypeAlias

import plotext
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from filmgauge_host.telemetry.report import Report
from filmgauge_host.terminal import monitor_format as written
from filmgauge_host.virtual.result import NodeScore
from filmgauge_host.virtual.session import RunSession
from filmgauge_sim.circuit.bench import Bench
from filmgauge_sim.node import VirtualNode

_REFRESH_S = 0.25
_HISTORY = 2000  # points of a curve; the screen has fewer columns
_PLOT_HEIGHT = 12
_PLOT_LEAST = 38  # columns
_WIDE = 150  # columns from which the table has room for the available charge
_TRUTH, _GAUGE, _SIGMA, _VOLTAGE = "red", "cyan", "yellow", "green"

_Curve: TypeAlias = tuple[list[float], str]


class _History:
    """The curves of one node over hours, in % and V."""

    def __init__(self) -> None:
        self.hours: deque[float] = deque(maxlen=_HISTORY)
        self.true_pct: deque[float] = deque(maxlen=_HISTORY)
        self.soc_pct: deque[float] = deque(maxlen=_HISTORY)
        self.two_sigma_pct: deque[float] = deque(maxlen=_HISTORY)
        self.voltage_v: deque[float] = deque(maxlen=_HISTORY)

    def add(self, report: Report, true_pct: float | None) -> None:
        """Take a record; one that is late or tells nothing is left out."""
        soc_ppm, voltage_uv = report.value("soc_ppm"), report.value("voltage_uv")
        if true_pct is None or soc_ppm is None or voltage_uv is None or report.history:
            return
        self.hours.append((report.value("up_s") or 0) / 3600)
        self.true_pct.append(true_pct)
        self.soc_pct.append(soc_ppm / 1e4)
        self.two_sigma_pct.append(2 * (report.value("soc_sigma_ppm") or 0) / 1e4)
        self.voltage_v.append(voltage_uv / 1e6)

    def plots(self) -> list[tuple[str, list[_Curve]]]:
        """Return title and curves of each plot."""
        error = [soc - true for soc, true in zip(self.soc_pct, self.true_pct, strict=True)]
        return [
            (
                "SoC, %: gauge over truth",
                [(list(self.true_pct), _TRUTH), (list(self.soc_pct), _GAUGE)],
            ),
            (
                "error, %, and two sigma",
                [
                    (list(self.two_sigma_pct), _SIGMA),
                    ([-value for value in self.two_sigma_pct], _SIGMA),
                    (error, _GAUGE),
                ],
            ),
            ("voltage, V", [(list(self.voltage_v), _VOLTAGE)]),
        ]


class RunView:
    """Draws a session in the terminal. Use as a context; `note` and `tick` feed it."""

    def __init__(self, session: RunSession, title: str, console: Console | None = None) -> None:
        self._session = session
        self._title = title
        self._history = {node.name: _History() for node in session.simulation.nodes}
        self._console = console or Console()
        self._live = Live(
            console=self._console, auto_refresh=False, screen=False, vertical_overflow="crop"
        )
        self._drawn_s = 0.0

    @property
    def _is_wide(self) -> bool:
        return self._console.width >= _WIDE

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draw()
        self._live.stop()

    def note(self, report: Report, true_pct: float | None) -> None:
        """Take a new record."""
        self._history[report.node].add(report, true_pct)

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
        table = Table(expand=True, header_style="bold", border_style="dim")
        columns: tuple[tuple[str, Literal["left", "right"]], ...] = (
            ("node", "left"),
            ("phase", "left"),
            ("SoC %", "right"),
            ("true %", "right"),
            ("stored uAh", "right"),
            *((("available uAh", "right"),) if self._is_wide else ()),
            ("V", "right"),
            ("uA", "right"),
            ("degC", "right"),
            ("records", "right"),
            ("lost", "right"),
            ("faults", "left"),
        )
        for name, justify in columns:
            table.add_column(name, justify=justify, no_wrap=True)
        snapshots = self._session.ingest.nodes()
        for node in self._session.simulation.nodes:
            score = self._session.scores[node.name]
            counts = snapshots[node.name].statistics if node.name in snapshots else None
            received = counts.received if counts else 0
            table.add_row(
                node.name,
                _condition(node),
                *_values(score, self._is_wide),
                str(received if node.has_uplink else node.made),
                str(counts.lost if counts else 0) if node.has_uplink else "stored",
                written.faults(score.latest) if score.latest else written.UNKNOWN,
            )
        return table

    def _curves(self) -> list[Text]:
        """Return the curves of the first node, side by side, as many as there is room for."""
        history = next(iter(self._history.values()))
        if len(history.hours) < 2:
            return [Text("waiting for the first records ...", style="dim")]
        plots = history.plots()[: max(1, self._console.width // _PLOT_LEAST)]
        width = self._console.width // len(plots)
        drawn = [_plot(title, list(history.hours), curves, width) for title, curves in plots]
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
    if node.dead or isinstance(world, Bench):
        return node.dead or world.truth().phase
    state = world.truth().phase if world.board_on else "no power"
    return f"{state}, {world.capacitor_v:.2f} V"


def _values(score: NodeScore, is_wide: bool) -> list[str]:
    report = score.latest
    if report is None:
        return [written.UNKNOWN] * (7 if is_wide else 6)
    true_pct = score.latest_true_pct
    return [
        written.state_of_charge(report),
        written.UNKNOWN if true_pct is None else f"{true_pct:.1f}",
        written.charge(report),
        *((written.available(report),) if is_wide else ()),
        written.voltage(report),
        written.current(report),
        written.temperature(report),
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
