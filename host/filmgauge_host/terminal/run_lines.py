"""A run without a screen: a plain line for each record, and the result in words."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from filmgauge_host.errors import warn
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.terminal.record_format import plain_line, span
from filmgauge_host.virtual.run_result import NodeResult
from filmgauge_host.virtual.session import RunSession
from filmgauge_sim.circuit.truth import Occurrences

_NOTICE_S = 5.0
_UPLINKS = {"mqtt": "sent", "ble": "sent over Bluetooth"}


class RunLines:
    """Prints records to standard output; quiet: only progress, to standard error."""

    def __init__(self, session: RunSession, quiet: bool) -> None:
        self._session = session
        self._quiet = quiet
        self._noticed_s = time.monotonic()

    def add(self, received: ReceivedRecord, true_pct: float | None) -> None:
        """Print a new record."""
        if not self._quiet:
            truth = "" if true_pct is None else f"  true {true_pct:.1f} %"
            sys.stdout.write(plain_line(received) + truth + "\n")

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
    for line in [json.dumps(summary)] if as_json else _result_lines(session, results):
        click.echo(line)


def _result_lines(session: RunSession, results: Sequence[NodeResult]) -> Iterator[str]:
    now_s = session.simulation.now_us / 1e6
    yield f"{span(now_s)} of virtual time in {session.wall_s:.1f} s"
    for result in results:
        yield f"{result.node}: {result.wakes} wakes, {_records(result)}"
        if result.soc_rmse_pct is not None:
            yield (
                f"{result.node}: state of charge {result.soc_pct} %, truly "
                f"{result.soc_true_pct} %; RMS error {result.soc_rmse_pct} %, "
                f"worst {result.soc_max_error_pct} %, "
                f"{result.within_2_sigma_pct} % of the records within two sigma"
            )
        if result.available_uah is not None:
            yield (
                f"{result.node}: {result.available_uah} uAh available; full {result.full_uah} +- "
                f"{result.full_sigma_uah} uAh, {result.resistance_ohm} ohm; limits {result.limits}"
            )
        if result.stopped:
            yield f"{result.node}: stopped, {result.stopped}"
        yield from _warnings(result)


def _warnings(result: NodeResult) -> Iterator[str]:
    lost, ends = result.brown_outs, result.window_ends
    if lost is not None and lost.first_h is not None:
        yield (
            f"{result.node}: brown-outs: {lost.count}, the first after {_time(lost)} at"
            f" {lost.voltage_v:.2f} V on its capacitor; a larger capacitor.capacitance_uf, longer"
            " intervals or more harvest keep it up (filmgauge node budget tells what it needs)"
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
