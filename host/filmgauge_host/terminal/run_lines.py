"""A run without a screen: a plain line for each record, and the result in words."""

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from filmgauge_host.errors import warn
from filmgauge_host.signals import catch_signals
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.record_format import UNKNOWN, plain_line, span
from filmgauge_host.virtual.run_result import NodeResult
from filmgauge_host.virtual.session import RunSession
from filmgauge_sim.circuit.truth import Occurrences, Truth

if TYPE_CHECKING:
    from filmgauge_host.terminal.run_view import RunView

_NOTICE_S = 5.0
_UNSURE = 0.1  # of a capacity: more is the doubt of a description, which a swing takes away
_UPLINKS = {"mqtt": "sent", "ble": "sent over Bluetooth"}


class RunLines:
    """Prints records to standard output; quiet: only progress, to standard error."""

    def __init__(self, session: RunSession, quiet: bool) -> None:
        self._session = session
        self._quiet = quiet
        self._noticed_s = time.monotonic()

    def add(self, received: ReceivedRecord, truth: Truth | None) -> None:
        """Print a new record."""
        if not self._quiet:
            true = "" if truth is None else f"  true {truth.stoichiometry * 100:.1f} %"
            sys.stdout.write(plain_line(received) + true + "\n")

    def tick(self) -> None:
        """Say from time to time how far it is."""
        if self._quiet and time.monotonic() - self._noticed_s > _NOTICE_S:
            self._noticed_s = time.monotonic()
            simulation = self._session.simulation
            done = span(simulation.now_us / 1e6), span(simulation.end_us / 1e6)
            warn("{} of {}".format(*done))


def print_result(session: RunSession, as_json: bool) -> None:
    """Print what the run came to, in words or as one JSON object."""
    results = session.results()
    summary = {
        "scenario": session.scenario.name,
        "virtual_s": round(session.simulation.now_us / 1e6, 3),
        "wall_s": round(session.wall_s, 3),
        "nodes": [asdict(result) for result in results],
    }
    if as_json:
        click.echo(json.dumps(summary))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for line in _result_lines(session, results):
        click.echo(textwrap.fill(line, width, subsequent_indent="    "))


def _result_lines(session: RunSession, results: Sequence[NodeResult]) -> Iterator[str]:
    now_s = session.simulation.now_us / 1e6
    yield f"{span(now_s)} of virtual time in {session.wall_s:.1f} s"
    for result in results:
        yield f"{result.node}: {result.wakes} wakes, {_records(result)}"
        if result.cuts is not None:
            yield from _cut_lines(result)
        if result.soc_rmse_pct is not None:
            yield (
                f"{result.node}: state of charge {_number(result.soc_pct, 1)} %, "
                f"truly {_number(result.soc_true_pct, 1)} %; "
                f"RMS error {_number(result.soc_rmse_pct, 2)} %, "
                f"worst {_number(result.soc_max_error_pct, 2)} %, "
                f"{_number(result.within_2_sigma_pct, 1)} % of the records within two sigma"
            )
        if result.available_uah is not None:
            yield (
                f"{result.node}: {_number(result.available_uah, 2)} uAh available; full "
                f"{_number(result.full_uah, 2)} ± {_number(result.full_sigma_uah, 2)} uAh"
                f"{_why_unsure(result)}, {_number(result.resistance_ohm, 0)} ohm; "
                f"limits {result.limits or UNKNOWN}"
            )
        if result.stopped:
            yield f"{result.node}: stopped, {result.stopped}"
        yield from _warnings(result)


def _warnings(result: NodeResult) -> Iterator[str]:
    lost, ends = result.brown_outs, result.window_ends
    if lost is not None and lost.first_h is not None:
        yield (
            f"{result.node}: brown-outs: {lost.count}, the first after {_time(lost)} at"
            f" {lost.voltage_v:.2f} V on its capacitor; a larger capacitor.capacitance_uf or"
            " converter.discharge_ua, longer intervals or more harvest keep it up (filmgauge node"
            " budget tells what it needs)"
        )
    elif lost is not None and not result.wakes:
        yield (
            f"{result.node}: never had power; give it more harvest, or a world.capacitor_v above"
            " converter.restart_v"
        )
    if ends is not None and ends.first_h is not None:
        yield (
            f"{result.node}: steps ended by the window of the cell: {ends.count}, the first"
            f" after {_time(ends)} at {ends.voltage_v:.2f} V; give them until_v or fewer hours"
        )


def _cut_lines(result: NodeResult) -> Iterator[str]:
    cuts = {name: count for name, count in (result.cuts or {}).items() if count}
    in_recovery = cuts.pop("in recovery", 0)
    places = ", ".join(f"{name} {count}" for name, count in cuts.items())
    kept = "" if result.not_kept else ": nothing that it had acknowledged is lost"
    yield (
        f"{result.node}: {sum(cuts.values())} power cuts ({places or 'none'}; {in_recovery} of"
        f" them before its first wake){kept}"
    )
    for problem in result.not_kept:
        yield f"{result.node}: {problem}"


def _number(value: float | None, decimals: int) -> str:
    return UNKNOWN if value is None else f"{value:.{decimals}f}"


def _why_unsure(result: NodeResult) -> str:
    """Say why a capacity is hardly known: its description alone tells of it."""
    full_uah, sigma_uah = result.full_uah or 0.0, result.full_sigma_uah or 0.0
    return " (no full swing yet)" if sigma_uah > _UNSURE * full_uah else ""


def _time(what: Occurrences) -> str:
    return span(round(3600 * (what.first_h or 0.0)))


def _records(result: NodeResult) -> str:
    if result.way == "stored":
        return (
            f"{result.waiting} records stored in its flash (it has no uplink), "
            f"{result.dropped} dropped for want of room"
        )
    return (
        f"{result.sent} records {_UPLINKS[result.way]}, {result.received} received, "
        f"{result.lost} lost, {result.duplicated} duplicated, {result.waiting} waiting"
    )


def watch(session: RunSession, on_screen: bool, as_json: bool, page_url: str = "") -> None:
    """Run to the end or to Ctrl-C, showing what happens: on a screen, or in lines. page_url: of
    its page, empty without one."""
    with (
        catch_signals() as signalled,
        _on_screen(session, page_url)
        if on_screen
        else nullcontext(RunLines(session, quiet=as_json)) as shown,
    ):

        def idle() -> bool:
            shown.tick()
            return not signalled()

        session.run(shown.add, idle)


def _on_screen(session: RunSession, page_url: str) -> "RunView":
    from filmgauge_host.terminal.run_view import RunView  # loads what draws curves

    return RunView(session, f"filmgauge run {session.scenario.name}", page_url=page_url)
