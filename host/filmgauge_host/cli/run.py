"""`filmgauge run`: virtual nodes with the real firmware, in a terminal or for machines."""

import datetime
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.home_assistant_option import HOME_ASSISTANT, announcing
from filmgauge_host.cli.options import (
    EITHER,
    FOLDER,
    FOR_ALIAS,
    IntegerRange,
    input_errors,
    make_folder,
)
from filmgauge_host.cli.page_options import PAGE_PORT
from filmgauge_host.errors import FilmgaugeError, InputError, needs, warn
from filmgauge_host.terminal.screen import can_draw
from filmgauge_sim.board.executable import InterpreterError, check_runtime
from filmgauge_sim.scenario.loading import load_scenario, scenario_of_node
from filmgauge_sim.scenario.scenario import Scenario, duration_us

if TYPE_CHECKING:
    from filmgauge_host.telemetry.ingest import Ingest
    from filmgauge_host.telemetry.store import RecordStore
    from filmgauge_host.virtual.simulated_truth import SimulatedTruth
    from filmgauge_host.web.server import PageServer

_SCREEN_SPEED = 600.0
_ENDLESS = 1 << 40
_SCRATCH = "filmgauge-run-"


class _Speed(click.ParamType):
    """Virtual seconds a second: a number from 0.1, or max; converts to float or None."""

    name = "speed"

    def convert(self, value, param, ctx) -> float | str:
        if value == "max" or isinstance(value, float):
            return value
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0.1 <= speed <= 1e9:
            self.fail(f"{value!r} must be a number from 0.1, or max", param, ctx)
        return speed


@click.command(context_settings=FOR_ALIAS)
@click.argument("scenario", required=False)
@click.option(
    "--node",
    type=EITHER,
    help="Instead of SCENARIO: the description of a node, or its folder, in a plain world.",
)
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "micropython32", "cpython"]),
    default="micropython",
    show_default=True,
    help="A real interpreter; one of 32 bits, with a heap in true bytes; or the same firmware in"
    " this process: faster. All make the same records.",
)
@click.option(
    "--float32", "single", is_flag=True, help="Compute in single precision, as the boards do."
)
@click.option(
    "--broker", help="mqtt://[user@]host[:port] or mqtts://...  [default: an embedded one]"
)
@TLS_FILES
@click.option(
    "--for",
    "duration",
    help="Virtual time such as 90s, 10min, 12h, 2d or 10y  [default: the scenario's duration]",
)
@click.option(
    "--bridge/--no-bridge",
    "bridged",
    default=True,
    help="Fetch over a simulated radio what nodes with Bluetooth have, or read it from their"
    " flash: faster, for years  [default: --bridge]",
)
@click.option(
    "--speed",
    type=_Speed(),
    help="Virtual seconds a second, or max  [default: 600 in a terminal, else max]",
)
@click.option(
    "--out",
    type=FOLDER,
    help="New directory for records, truth (Battery Data Format), console logs and flash images.",
)
@click.option(
    "--cut",
    metavar="PLAN",
    help="Cut the power of each node again and again: at every-request of a wake, at every"
    " operation of its flash, or at random:SEED; and tell what it has not kept.",
)
@click.option(
    "--cuts",
    type=IntegerRange(1, 1_000_000),
    help="How often with --cut  [default: until the end of the run]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option(
    "--web/--no-web",
    default=None,
    help="Serve the page of the run on this machine  [default: yes, without --json]",
)
@click.option(
    "--port",
    type=PAGE_PORT,
    help="Port of the page  [default: 8765, or a free one where that is in use]",
)
@HOME_ASSISTANT
@needs("sim")
def run(
    scenario: str | None,
    node: Path | None,
    runtime: Literal["micropython", "micropython32", "cpython"],
    single: bool,
    broker: str | None,
    duration: str | None,
    bridged: bool,
    speed: float | str | None,
    out: Path | None,
    cut: str | None,
    cuts: int | None,
    as_json: bool,
    web: bool | None,
    port: int | None,
    home_assistant: bool,
) -> None:
    """Run virtual nodes: SCENARIO is a name (bench, demo, implant, machine,
    thermometer, window) or the path of a TOML file  [default: bench]."""
    from filmgauge_host.terminal.run_lines import print_result, watch
    from filmgauge_host.virtual.run_result import write_truth
    from filmgauge_host.virtual.session import RunOptions, RunSession

    on_screen = can_draw(sys.stdout) and not as_json
    if speed is None:
        speed = _SCREEN_SPEED if on_screen else "max"
    pace = None if isinstance(speed, str) else speed
    try:
        with input_errors():
            check_runtime(runtime, single)
            chosen = _scenario(scenario, node)
            if duration is not None:
                duration_us(duration)
            if cut is not None:
                from filmgauge_sim.nodes.power_cuts import cut_plan  # loads littlefs

                cut_plan(cut)
            elif cuts is not None:
                raise InputError("--cuts needs --cut")
            most = _ENDLESS if cuts is None else cuts
            address = broker_address(broker) if broker else None
            options = RunOptions(
                runtime,
                address,
                duration,
                pace,
                single=single,
                bridged=bridged,
                cut=cut,
                cuts=most,
            )
            page = _Page(port) if (not as_json if web is None else web) else None
            if page is None and port is not None:
                raise InputError("--port needs the page: give --web too, or leave out --no-web")
            with (
                _folder(out) as folder,
                RunSession(chosen, options, folder, page and page.open) as session,
                announcing(session.ingest, home_assistant, transient=True),
            ):
                watch(session, on_screen, as_json, page.url if page else "")
                if out is not None:
                    for each in session.simulation.nodes:
                        write_truth(each, out, datetime.date.today())
                print_result(session, as_json)
                if any(result.not_kept for result in session.results()):
                    raise FilmgaugeError("a node has lost what it had acknowledged")
    except InterpreterError as error:
        raise FilmgaugeError(str(error)) from None


class _Page:
    """Serves the page of a run. port: None for the usual one, or any where that is in use."""

    def __init__(self, port: int | None) -> None:
        self._port = port
        self.url = ""

    def open(
        self, ingest: "Ingest", store: "RecordStore", truth: "SimulatedTruth"
    ) -> "PageServer":
        """Return the server, not started; say where it is."""
        from filmgauge_host.web.server import (  # loads uvicorn
            DEFAULT_PORT,
            PageServer,
            PortInUseError,
        )

        port = DEFAULT_PORT if self._port is None else self._port
        try:
            server = PageServer(ingest, store, port=port, truth=truth)
        except PortInUseError:
            if self._port is not None:
                raise
            server = PageServer(ingest, store, port=0, truth=truth)
            warn(f"port {DEFAULT_PORT} is in use, so the page has another one")
        self.url = server.url
        warn(f"the page of this run: {self.url}")
        return server


def _scenario(scenario: str | None, node: Path | None) -> Scenario:
    if node is None:
        return load_scenario("bench" if scenario is None else scenario)
    if scenario is not None:
        raise InputError("SCENARIO and --node exclude each other: give one of them")
    return scenario_of_node(node)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Give the directory of the run: the user's, or one that vanishes afterwards."""
    if out is None:
        shared_memory = Path("/dev/shm")
        base = shared_memory if shared_memory.is_dir() else Path(tempfile.gettempdir())
        _sweep(base)
        made = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=base))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    if out.exists() and any(out.iterdir()):
        raise InputError(f"--out must be a new or empty directory, and {out} holds files")
    make_folder(out, "--out")
    yield out


def _sweep(base: Path) -> None:
    """Remove the directories of runs that were killed."""
    for left in base.glob(f"{_SCRATCH}*-*"):
        process = left.name.removeprefix(_SCRATCH).partition("-")[0]
        if process.isdigit() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(left, ignore_errors=True)
