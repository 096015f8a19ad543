"""What stands above and below the rows: the connection, the store, and the alerts."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from filmgauge_host.telemetry.alerts.alert import MONITOR, SEVERITIES, Alert
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.terminal.monitor_table import GREY, SEVERITY_STYLES

_LISTED = 3


def connection(ingest: Ingest) -> Text:
    """Return where the broker is, and whether messages flow and are stored."""
    text = Text(f"{ingest.address}  ")
    problem = ingest.problem
    if not ingest.connected:
        return text.append("no broker: retrying", "red")
    if problem:
        return text.append(problem, "red")
    text.append("connected")
    if ingest.forgotten:
        text.append(", but it had lost our session: see docs/mosquitto.conf", "yellow")
    return text


def header(
    ingest: Ingest, where: str, stored: int, nodes: str, order: str, page_url: str = ""
) -> Text:
    """Return the lines above the rows.

    where: the store, which has `stored` records. nodes: how many are shown, of how many.
    page_url: of the page that is served besides, empty without one.
    """
    text = connection(ingest)
    text.append(f"  {stored} rows in {_short(where)}")
    text.append(f"  {nodes}, {'worst first' if order == 'worst' else f'by {order}'}")
    return text.append(f"  page {page_url}") if page_url else text


def alert_lines(alerts: Sequence[Alert]) -> Text:
    """Return the worst alerts that nobody has acknowledged, a paragraph each."""
    active = [alert for alert in alerts if alert.state == "active"]
    active.sort(key=lambda alert: (-SEVERITIES.index(alert.severity), alert.node != MONITOR))
    lines = [
        Text.assemble((alert.severity, SEVERITY_STYLES[alert.severity]), f" {alert.title}: ")
        + Text(alert.text)
        for alert in active[:_LISTED]
    ]
    if len(active) > _LISTED:
        lines.append(Text(f"and {len(active) - _LISTED} more alerts", GREY))
    return Text("\n").join(lines)


def _short(where: str) -> str:
    """Return where a store is, of a file with ~ for the home directory."""
    path = Path(where).resolve()
    if path.is_file() and path.is_relative_to(Path.home()):
        return f"~/{path.relative_to(Path.home())}"
    return where
