"""The monitor without a screen: one plain line or one JSON object for every new record."""

import json
import queue
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TypeAlias

from filmgauge_host.errors import DataGapError, NoBrokerError, OutputError, warn
from filmgauge_host.signals import catch_signals
from filmgauge_host.telemetry.alerts.alert import MONITOR, Notification
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.nodes import NodeSnapshot
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.terminal.record_format import plain_line
from filmgauge_host.terminal.refusal_lines import RefusalLines

_Event: TypeAlias = ReceivedRecord | Rejected | Notification

_TICK_S = 0.1
# Records that wait for a slow reader of our output; beyond it they are stored, but not printed.
_WAITING = 100_000


class LineMonitor:
    """Prints what an ingest stores until a signal or the end of the time.

    shown: names of the nodes to print, all when empty. Alerts go to standard error. What cannot be
    printed is stored all the same.
    """

    def __init__(self, ingest: Ingest, shown: frozenset[str], as_json: bool, alerts: AlertEngine):
        self._ingest = ingest
        self._shown = shown
        self._line: Callable[[ReceivedRecord], str] = (
            ReceivedRecord.to_json if as_json else plain_line
        )
        self._as_json = as_json
        self._alerts = alerts
        self._refusals = RefusalLines()
        self._waiting: queue.Queue[ReceivedRecord | Rejected | Notification] = queue.Queue(
            _WAITING
        )
        self._unprinted = 0
        self._output_failed = False
        self._reported = ""
        self._forgotten = 0
        ingest.listen(self._put)
        alerts.listen(self._put)

    def run(self, duration_s: float | None, connect_s: float) -> None:
        """Print until SIGINT, SIGTERM or `duration_s`, then the summary.

        Raises NoBrokerError without a broker within `connect_s`, DataGapError when the time was
        over and records are missing, and what has ended the thread of ingest or alerts.
        """
        with catch_signals() as signalled:
            self._ingest.start()
            wait_for_broker(self._ingest, connect_s, signalled)
            end = None if duration_s is None else time.monotonic() + duration_s
            while not signalled() and (end is None or time.monotonic() < end):
                if thread_failure(self._ingest, self._alerts) is not None:
                    break
                self._report_problem()
                self._print(_TICK_S)
            self._ingest.close()
            while not self._waiting.empty():
                self._print(0)
            self._summarize()
        if self._alerts.failure is not None:
            raise self._alerts.failure
        if duration_s is not None and not signalled():
            raise_for_gaps(self._ingest, self._shown)

    def _put(self, event: _Event) -> None:
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._unprinted += 1

    def _print(self, timeout_s: float) -> None:
        """Print what waits, at most a second's worth, and flush once."""
        until = time.monotonic() + 1.0
        try:
            with suppress(queue.Empty):
                self._print_event(self._waiting.get(timeout=timeout_s))
                while time.monotonic() <= until:
                    self._print_event(self._waiting.get_nowait())
            sys.stdout.flush()
        except OutputError as error:
            if not self._output_failed:
                self._output_failed = True
                warn(f"{error}: records are stored, but not printed")

    def _print_event(self, event: _Event) -> None:
        if isinstance(event, Notification):
            self._print_alert(event)
        elif self._shown and event.node not in self._shown:
            return
        elif isinstance(event, ReceivedRecord):
            sys.stdout.write(self._line(event) + "\n")
        else:
            line = self._refusals.add(event, time.monotonic())
            if line is not None:
                warn(line)

    def _print_alert(self, event: Notification) -> None:
        """Say it on stderr, and with --json as an object of its own as well."""
        node = event.alert.node
        if self._shown and node != MONITOR and node not in self._shown:
            return
        warn(event.line())
        if self._as_json:
            sys.stdout.write(f'{{"alert":{event.to_json()}}}\n')

    def _report_problem(self) -> None:
        """Say on stderr when the connection or the store fails, and when it works again."""
        if self._ingest.forgotten > self._forgotten:
            self._forgotten = self._ingest.forgotten
            warn(session_lost(self._ingest))
        problem = self._ingest.problem
        if problem == self._reported or not (problem or self._ingest.connected):
            return
        warn(f"{problem}: retrying" if problem else f"{self._ingest.address} works again")
        self._reported = problem

    def _summarize(self) -> None:
        nodes = visible(self._ingest.nodes(), self._shown)
        if self._as_json:
            counts = {node.name: asdict(node.statistics) for node in nodes}
            summary = {
                "summary": counts,
                "not_printed": self._unprinted,
                "sessions_lost": self._ingest.forgotten,
            }
            sys.stdout.write(json.dumps(summary) + "\n")
        else:
            for node in nodes:
                sys.stdout.write(summary_line(node) + "\n")
        if self._unprinted:
            warn(f"{self._unprinted} records were stored but not printed: the reader is slow")
        sys.stdout.flush()


def thread_failure(ingest: Ingest, alerts: AlertEngine) -> Exception | None:
    """Return what has ended the thread of ingest or alerts: then the monitor ends too, since
    whoever started it starts it again, and nothing else does."""
    return ingest.failure or alerts.failure


def visible(nodes: Mapping[str, NodeSnapshot], shown: frozenset[str]) -> list[NodeSnapshot]:
    """Return the nodes to show, by name."""
    return [nodes[name] for name in sorted(nodes) if not shown or name in shown]


def summary_line(node: NodeSnapshot) -> str:
    """Return what arrived of a node, in one line."""
    counts = ", ".join(
        f"{value} {name.replace('_', ' ')}" for name, value in asdict(node.statistics).items()
    )
    return f"{node.name}: {counts}"


def wait_for_broker(ingest: Ingest, connect_s: float, stopped: Callable[[], bool]) -> None:
    """Return once messages flow, `stopped()`, or the ingest has failed; raise NoBrokerError after
    `connect_s`."""
    until = time.monotonic() + connect_s
    warned = False
    while not ingest.wait_connected(_TICK_S):
        if stopped() or ingest.failure is not None:
            return
        if time.monotonic() <= until:
            continue
        if ingest.accepted:
            if not warned:
                warn(f"{ingest.problem}: waiting; Ctrl-C ends it")
            warned = True
        else:
            raise NoBrokerError(ingest.problem or f"broker {ingest.address} does not answer")


def raise_for_gaps(ingest: Ingest, shown: frozenset[str]) -> None:
    """Raise DataGapError when records of this run are missing or may be, StorageError when some
    could not be stored."""
    if ingest.unstored:
        raise StorageError(f"{ingest.unstored}; the broker keeps what was not stored")
    lost: dict[str, int] = {}
    for node in visible(ingest.nodes(), shown):
        new = node.statistics.lost - node.statistics.lost_earlier
        if new:
            lost[node.name] = new
    if lost:
        parts = ", ".join(f"{count} of {name}" for name, count in lost.items())
        raise DataGapError(f"records are missing: {parts}")
    if ingest.forgotten:
        raise DataGapError(session_lost(ingest))


def session_lost(ingest: Ingest) -> str:
    """Say that the broker has forgotten us, and what helps."""
    return (
        f"broker {ingest.address} has lost the session of this monitor: what came while it was"
        " away is missing; let the broker keep sessions, as docs/mosquitto.conf does"
    )
